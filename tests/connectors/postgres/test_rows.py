"""What a job's rows hold after each step of its life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from colecionador.domain.failures import ErrorType
from colecionador.domain.ports import Committed
from connectors.memory.telemetry import MemoryTelemetry
from connectors.postgres.ledger import PostgresLedger
from tests.conformance.ledger_items import (
    COMPLETED_AT,
    PLAN,
    WORKER,
    a_completed,
    a_failed,
    an_item,
    skipped,
    stored,
)

CONTRACT_COLUMNS = {
    "augmentation_jobs": {
        "id": "bigint",
        "message_id": "text",
        "item_id": "bigint",
        "categoria": "text",
        "bucket": "text",
        "object_key": "text",
        "status": "text",
        "attempts": "integer",
        "bad_quality": "boolean",
        "blur": "double precision",
        "brightness": "double precision",
        "contrast": "double precision",
        "source_md5": "text",
        "source_etag": "text",
        "source_width": "integer",
        "source_height": "integer",
        "source_bytes": "bigint",
        "plan_version": "text",
        "error_type": "text",
        "error": "text",
        "created_at": "timestamp with time zone",
        "started_at": "timestamp with time zone",
        "finished_at": "timestamp with time zone",
    },
    "augmentation_results": {
        "job_id": "bigint",
        "variation": "text",
        "status": "text",
        "bucket": "text",
        "object_key": "text",
        "md5": "text",
        "etag": "text",
        "width": "integer",
        "height": "integer",
        "bytes": "bigint",
        "error_type": "text",
        "error": "text",
        "duration_ms": "double precision",
    },
    "augmentation_metrics": {
        "job_id": "bigint",
        "queue_ms": "double precision",
        "download_ms": "double precision",
        "decode_ms": "double precision",
        "transform_ms": "double precision",
        "encode_ms": "double precision",
        "upload_ms": "double precision",
        "total_ms": "double precision",
        "source_bytes": "bigint",
        "output_bytes": "bigint",
        "worker": "text",
    },
}


def rows(session: psycopg.Connection, query: str) -> list[dict[str, Any]]:
    with session.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def the_job(session: psycopg.Connection) -> dict[str, Any]:
    (job,) = rows(session, "SELECT * FROM augmentation_jobs")
    return job


def server_time(session: psycopg.Connection) -> datetime:
    moment: datetime = rows(session, "SELECT clock_timestamp() AS now")[0]["now"]
    return moment


@pytest.mark.parametrize("table", CONTRACT_COLUMNS)
def test_every_column_of_the_contract_is_there_with_its_type(
    session: psycopg.Connection, table: str
) -> None:
    found = rows(
        session,
        "SELECT column_name AS name, data_type AS type FROM information_schema.columns "
        f"WHERE table_name = '{table}'",
    )

    types = {column["name"]: column["type"] for column in found}
    assert CONTRACT_COLUMNS[table].items() <= types.items()


def test_an_item_with_the_nine_is_eleven_rows(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.register([an_item()], PLAN)
    postgres_ledger.commit([a_completed()])

    counts = rows(
        session,
        "SELECT (SELECT count(*) FROM augmentation_jobs) AS jobs, "
        "(SELECT count(*) FROM augmentation_results) AS results, "
        "(SELECT count(*) FROM augmentation_metrics) AS metrics",
    )
    assert counts == [{"jobs": 1, "results": 9, "metrics": 1}]


def test_ten_items_are_one_transaction(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    items = [an_item(f"m-{n}") for n in range(10)]
    postgres_ledger.register(items, PLAN)
    postgres_ledger.commit([a_completed(item) for item in items])

    written = rows(
        session,
        "SELECT count(*) AS rows, count(DISTINCT transaction::text) AS transactions FROM ("
        "  SELECT xmin AS transaction FROM augmentation_jobs UNION ALL"
        "  SELECT xmin FROM augmentation_results UNION ALL"
        "  SELECT xmin FROM augmentation_metrics) AS written",
    )
    assert written == [{"rows": 110, "transactions": 1}]


def test_a_registered_job_is_processing_since_now(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    before = server_time(session)
    postgres_ledger.register([an_item(attempt=2)], PLAN)

    job = the_job(session)
    assert (job["status"], job["attempts"], job["plan_version"]) == ("processing", 2, PLAN)
    assert before <= job["started_at"] <= server_time(session)
    assert before <= job["created_at"] <= server_time(session)
    assert job["finished_at"] is None


def test_a_success_holds_all_that_is_known_of_the_item(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.register([an_item()], PLAN)
    started_at = the_job(session)["started_at"]
    postgres_ledger.commit([a_completed(variations=[stored("blur", 5), skipped("clahe")])])

    job = the_job(session)
    assert job["status"] == "success"
    assert job["started_at"] == started_at
    assert job["finished_at"] == COMPLETED_AT
    assert (job["blur"], job["bad_quality"], job["source_width"]) == (312.4, False, 4000)
    results = rows(session, "SELECT * FROM augmentation_results ORDER BY position")
    assert [(row["variation"], row["status"]) for row in results] == [
        ("blur", "stored"),
        ("clahe", "skipped"),
    ]
    assert results[1]["error_type"] == "invalid_format"
    (metrics,) = rows(session, "SELECT * FROM augmentation_metrics")
    assert (metrics["total_ms"], metrics["output_bytes"], metrics["worker"]) == (150.0, 5, WORKER)


def test_a_success_forgets_the_failures_on_its_way(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.record([(a_failed(), False)])
    postgres_ledger.register([an_item(attempt=2)], PLAN)
    assert the_job(session)["error_type"] == "source_missing"

    postgres_ledger.commit([a_completed(an_item(attempt=2))])

    job = the_job(session)
    assert (job["status"], job["attempts"], job["error_type"], job["error"]) == (
        "success",
        2,
        None,
        None,
    )


def test_a_redo_leaves_no_row_of_what_was_there_before(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.commit([a_completed()])
    redone = a_completed(etag="another", variations=[stored("clahe"), stored("zoom_in")])
    postgres_ledger.commit([redone])

    results = rows(session, "SELECT variation FROM augmentation_results ORDER BY position")
    assert [row["variation"] for row in results] == ["clahe", "zoom_in"]
    assert the_job(session)["source_etag"] == "another"
    assert the_job(session)["started_at"] == COMPLETED_AT - timedelta(milliseconds=150)
    assert len(rows(session, "SELECT * FROM augmentation_metrics")) == 1


def test_a_job_that_was_set_back_by_hand_is_done_again_and_costs_its_neighbours_nothing(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.commit([a_completed()])
    session.execute("UPDATE augmentation_jobs SET status = 'processing'")

    redone = a_completed(variations=[stored("zoom_in")])
    answers = postgres_ledger.commit([redone, a_completed(an_item("m-2"))])

    assert [type(answer) for answer in answers] == [Committed, Committed]
    results = rows(
        session,
        "SELECT message_id, count(*) AS results FROM augmentation_jobs AS job "
        "JOIN augmentation_results ON job_id = job.id JOIN augmentation_metrics USING (job_id) "
        "WHERE job.status = 'success' GROUP BY message_id ORDER BY message_id",
    )
    assert results == [{"message_id": "m-1", "results": 1}, {"message_id": "m-2", "results": 9}]


def test_a_failure_that_will_be_retried_is_processing_with_its_reason(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.register([an_item()], PLAN)
    postgres_ledger.record([(a_failed(etag="known"), False)])

    job = the_job(session)
    assert (job["status"], job["error_type"]) == ("processing", "source_missing")
    assert (job["source_etag"], job["source_width"]) == ("known", 4000)
    assert job["failed_at"] is not None
    assert job["finished_at"] is None


def test_a_last_failure_is_failed_since_now(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    before = server_time(session)
    postgres_ledger.record([(a_failed(an_item(attempt=3)), True)])

    job = the_job(session)
    assert (job["status"], job["attempts"]) == ("failed", 3)
    assert before <= job["finished_at"] <= server_time(session)


def test_only_a_success_has_results_and_metrics(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.register([an_item("m-1"), an_item("m-2")], PLAN)
    postgres_ledger.record([(a_failed(an_item("m-2")), True)])

    assert rows(session, "SELECT * FROM augmentation_results") == []
    assert rows(session, "SELECT * FROM augmentation_metrics") == []


def test_a_deleted_job_takes_its_results_and_metrics_along(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    postgres_ledger.commit([a_completed()])
    session.execute("DELETE FROM augmentation_jobs")

    assert rows(session, "SELECT * FROM augmentation_results") == []
    assert rows(session, "SELECT * FROM augmentation_metrics") == []


def test_what_postgresql_cannot_store_of_an_error_text_is_replaced(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    failed = a_failed(error="a\x00b \ud800c", error_type=ErrorType.INTERNAL)
    postgres_ledger.record([(failed, True)])

    assert the_job(session)["error"] == "a\ufffdb \ufffdc"


def test_every_call_is_told_to_telemetry(
    postgres_ledger: PostgresLedger, telemetry: MemoryTelemetry
) -> None:
    postgres_ledger.register([an_item()], PLAN)
    postgres_ledger.commit([a_completed()])
    postgres_ledger.record([(a_failed(), True)])
    postgres_ledger.probe()

    called = [(event.dependency, event.operation) for event in telemetry.events]  # type: ignore[union-attr]
    assert called == [
        ("postgres", "register"),
        ("postgres", "commit"),
        ("postgres", "record"),
        ("postgres", "probe"),
    ]


def test_a_stored_moment_is_the_same_moment_in_every_time_zone(
    database_url: str, telemetry: MemoryTelemetry
) -> None:
    url = f"{database_url}?options=-c%20TimeZone%3DAmerica/Sao_Paulo"
    ledger = PostgresLedger(url, 1, telemetry)
    try:
        ledger.commit([a_completed()])
        (registered,) = ledger.register([an_item()], PLAN)
    finally:
        ledger.close()

    completed_at = registered.completed.completed_at  # type: ignore[union-attr]
    assert completed_at == COMPLETED_AT
    assert completed_at.tzinfo is UTC
