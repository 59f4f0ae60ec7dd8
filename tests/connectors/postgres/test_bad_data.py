"""One bad item in a batch: its neighbours are committed, and it alone comes back with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.ports import Committed, Recorded, Registered
from colecionador.domain.results import CompletedItem, Source
from connectors.postgres.ledger import PostgresLedger
from tests.conformance.ledger_items import (
    PLAN,
    a_completed,
    a_failed,
    a_source,
    an_item,
    stored,
)

BAD = an_item("m-5")

A_TRIGGER_THAT_REFUSES = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'item % is embargoed', NEW.item_id;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON augmentation_jobs
    FOR EACH ROW WHEN (NEW.item_id = 666) EXECUTE FUNCTION refuse();
"""


def with_source(**changes: Any) -> CompletedItem:
    source: Source = replace(a_source(), **changes)
    return replace(a_completed(BAD), source=source)


def count(session: psycopg.Connection, table: str) -> int:
    rows = session.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()
    return int(rows[0][0])


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (with_source(md5=None), "augmentation_jobs_success_is_whole"),
        (with_source(width=2**40), "out of range for type integer"),
        (with_source(bytes=2**70), "64-bit range"),
        (with_source(etag="a\x00b"), "Unicode"),
        (with_source(etag="\ud800"), "surrogates not allowed"),
        (a_completed(BAD, variations=[stored("blur")] * 2), "augmentation_results_pkey"),
        (a_completed(BAD, variations=[stored("blur", 2**63)]), "out of range"),
        (a_completed(BAD, variations=[stored("blur", 2**70)]), "64-bit range"),
        (a_completed(BAD, variations=[stored("blur\x00")]), "Unicode"),
        (a_completed(BAD, variations=[stored("blur\ud800")]), "surrogates not allowed"),
        (
            a_completed(BAD, variations=[replace(stored("blur"), md5=None)]),  # type: ignore[arg-type]
            "augmentation_results_stored_is_whole",
        ),
    ],
    ids=[
        "check",
        "integer",
        "bigint",
        "nul",
        "surrogate",
        "unique",
        "result's bigint",
        "result's number",
        "result's nul",
        "result's surrogate",
        "result's check",
    ],
)
def test_one_bad_item_does_not_fail_its_neighbours(
    postgres_ledger: PostgresLedger, session: psycopg.Connection, bad: CompletedItem, said: str
) -> None:
    batch = [a_completed(an_item(f"m-{n}")) for n in range(10)]
    batch[5] = bad

    answers = postgres_ledger.commit(batch)

    failure = answers[5]
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.INTERNAL
    assert said in failure.error
    assert [isinstance(answer, Committed) for answer in answers].count(True) == 9
    assert count(session, "augmentation_jobs WHERE status = 'success'") == 9
    assert count(session, "augmentation_results") == 81
    assert count(session, "augmentation_metrics") == 9


def test_a_bad_item_leaves_its_job_as_it_was_without_any_result(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.register([BAD], PLAN)
    postgres_ledger.commit([a_completed(BAD, variations=[stored("blur")] * 2)])

    assert count(session, "augmentation_jobs WHERE status = 'processing'") == 1
    assert count(session, "augmentation_results") == 0
    assert count(session, "augmentation_metrics") == 0


def test_a_redo_that_fails_leaves_the_success_whole(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.commit([a_completed()])
    postgres_ledger.commit([a_completed(etag="another", variations=[stored("blur")] * 2)])

    assert count(session, "augmentation_jobs WHERE source_etag = '5f76ba0d'") == 1
    assert count(session, "augmentation_results") == 9
    assert count(session, "augmentation_metrics") == 1


def test_a_row_that_a_trigger_refuses_is_bad_alone_in_every_kind_of_batch(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    session.execute(A_TRIGGER_THAT_REFUSES)
    good, bad = an_item("m-1"), an_item("m-2", item_id=666)

    registered = postgres_ledger.register([bad, good], PLAN)
    committed = postgres_ledger.commit([a_completed(bad), a_completed(good)])
    recorded = postgres_ledger.record([(a_failed(bad), True), (a_failed(an_item("m-3")), True)])

    for refused, kept in (registered, committed, recorded):
        assert isinstance(refused, Failure)
        assert "item 666 is embargoed" in refused.error
        assert isinstance(kept, Registered | Committed | Recorded)
