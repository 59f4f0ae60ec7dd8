"""What the commands show: counts, the last errors, throughput, an item's rows, the server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from colecionador.domain.failures import ErrorType, Failure
from connectors.postgres.ledger import PostgresLedger
from connectors.postgres.reports import (
    JobReport,
    Overview,
    ServerReport,
    read_item,
    read_overview,
    read_server,
)
from tests.conformance.ledger_items import (
    PLAN,
    WORKER,
    a_completed,
    a_failed,
    an_item,
    skipped,
    stored,
)

NOWHERE = "postgresql://postgres@127.0.0.1:1/augmentations"


def overview(database_url: str, *, last_errors: int = 10) -> Overview:
    found = read_overview(database_url, last_errors=last_errors)
    assert isinstance(found, Overview), found
    return found


def reports(database_url: str, item_id: int) -> tuple[JobReport, ...]:
    found = read_item(database_url, item_id)
    assert not isinstance(found, Failure), found
    return found


def test_an_empty_ledger_has_nothing_to_count(database_url: str) -> None:
    assert overview(database_url) == Overview(0, 0, 0, 0, 5, ())


def test_jobs_are_counted_by_status(postgres_ledger: PostgresLedger, database_url: str) -> None:
    postgres_ledger.register([an_item(f"processing-{n}") for n in range(3)], PLAN)
    postgres_ledger.commit([a_completed(an_item(f"success-{n}")) for n in range(2)])
    postgres_ledger.record([(a_failed(an_item("failed")), True)])

    found = overview(database_url)

    assert (found.processing, found.success, found.failed) == (3, 2, 1)


def test_throughput_counts_what_became_success_in_the_last_minutes(
    postgres_ledger: PostgresLedger, database_url: str
) -> None:
    now = datetime.now(UTC)
    ages = [timedelta(seconds=1), timedelta(minutes=4), timedelta(minutes=6)]
    postgres_ledger.commit(
        [
            replace(a_completed(an_item(f"m-{n}")), completed_at=now - age)
            for n, age in enumerate(ages)
        ]
    )

    found = overview(database_url)

    assert found.done_lately == 2
    assert found.items_per_second == 2 / 300


def test_the_last_errors_come_latest_first_and_no_more_than_asked_for(
    postgres_ledger: PostgresLedger, database_url: str
) -> None:
    for number in range(4):
        failed = a_failed(an_item(f"m-{number}"), error_type=ErrorType.CORRUPT_IMAGE)
        postgres_ledger.record([(failed, number % 2 == 0)])
    postgres_ledger.commit([a_completed(an_item("m-3"))])

    errors = overview(database_url, last_errors=2).last_errors

    assert [job.message_id for job in errors] == ["m-2", "m-1"]
    assert [job.status for job in errors] == ["failed", "processing"]
    assert errors[0].error_type == "corrupt_image"


def test_an_item_is_shown_with_every_job_its_results_and_its_metrics(
    postgres_ledger: PostgresLedger, database_url: str
) -> None:
    done = a_completed(an_item("m-1"), variations=[stored("rotate_90", 10), skipped("blur")])
    postgres_ledger.commit([done, a_completed(an_item("other", item_id=8))])
    postgres_ledger.record([(a_failed(an_item("m-2")), True)])

    first, second = reports(database_url, 7)

    assert (first.job.message_id, first.job.status) == ("m-1", "success")
    assert [(each.variation, each.status) for each in first.results] == [
        ("rotate_90", "stored"),
        ("blur", "skipped"),
    ]
    assert first.metrics is not None
    assert (first.metrics.worker, first.metrics.output_bytes) == (WORKER, 10)
    assert (second.job.message_id, second.results, second.metrics) == ("m-2", (), None)


def test_an_unknown_item_has_no_job(database_url: str) -> None:
    assert reports(database_url, 12345) == ()


def test_the_server_tells_its_version_and_what_reaching_it_costs(database_url: str) -> None:
    found = read_server(database_url)

    assert isinstance(found, ServerReport)
    assert found.version.split(".")[0].isdecimal()
    assert found.connect_ms > 0
    assert found.round_trip_ms > 0


def test_every_report_of_an_unreachable_server_is_a_failure_that_says_why() -> None:
    for found in (read_overview(NOWHERE), read_item(NOWHERE, 7), read_server(NOWHERE)):
        assert isinstance(found, Failure)
        assert "Connection refused" in found.error


def test_reports_on_a_database_without_tables_name_the_remedy(empty_database_url: str) -> None:
    for found in (read_overview(empty_database_url), read_item(empty_database_url, 7)):
        assert isinstance(found, Failure)
        assert "run: augment init" in found.error
