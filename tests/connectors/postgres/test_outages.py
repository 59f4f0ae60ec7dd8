"""What becomes of a batch when the connection, the server or the tables go away under it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import psycopg
import pytest

from colecionador.domain.completion import stored_completion
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.ports import AlreadyDone, Committed, Recorded, Registered
from connectors.memory.telemetry import MemoryTelemetry
from connectors.postgres import pool
from connectors.postgres.ledger import PostgresLedger
from sandbox import PostgreSQL
from tests.conformance.ledger_items import PLAN, a_completed, a_failed, an_item
from tests.connectors.postgres.lost_answers import losing_answers
from tests.fix_postgres import database_name

# The last rows of a commit wait until the test lets go of this advisory lock.
A_GATE_BEFORE_METRICS = """
CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1);
    RETURN NEW;
END $$;
CREATE TRIGGER gate BEFORE INSERT ON augmentation_metrics
    FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate();
"""
WAITING_AT_THE_GATE = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def a_ledger(url: str, pool_size: int = 2) -> Iterator[PostgresLedger]:
    ledger = PostgresLedger(url, pool_size, MemoryTelemetry())
    try:
        yield ledger
    finally:
        ledger.close()


@pytest.fixture
def gate(session: psycopg.Connection) -> psycopg.Connection:
    """The test's session, with the gate closed: commits wait before their metrics."""
    session.execute(A_GATE_BEFORE_METRICS)
    session.execute("SELECT pg_advisory_lock(1)")
    return session


def open_gate(session: psycopg.Connection) -> None:
    session.execute("SELECT pg_advisory_unlock(1)")


def pid_at_the_gate(session: psycopg.Connection, other_than: int = 0) -> int:
    """The backend that waits at the gate, once there is one."""
    for _ in range(2000):
        rows = session.execute(WAITING_AT_THE_GATE).fetchall()
        waiting = [int(row[0]) for row in rows if row[0] != other_than]
        if waiting:
            return waiting[0]
        Event().wait(0.005)
    raise AssertionError("nobody came to the gate")


def count(session: psycopg.Connection, table: str) -> int:
    rows = session.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()
    return int(rows[0][0])


def outage(answers: object) -> str:
    """The one thing that every answer of a batch says."""
    assert isinstance(answers, list)
    (failure,) = set(answers)
    assert isinstance(failure, Failure), failure
    assert failure.error_type is ErrorType.DATABASE_UNAVAILABLE
    return failure.error


def test_a_backend_killed_in_the_middle_of_a_commit_costs_nothing(
    postgres_ledger: PostgresLedger, gate: psycopg.Connection
) -> None:
    batch = [a_completed(an_item(f"m-{n}")) for n in range(3)]
    with ThreadPoolExecutor(1) as threads:
        committing = threads.submit(postgres_ledger.commit, batch)
        gate.execute("SELECT pg_terminate_backend(%s)", [pid_at_the_gate(gate)])
        open_gate(gate)
        answers = committing.result()

    assert all(isinstance(answer, Committed) for answer in answers)
    assert count(gate, "augmentation_results") == 27
    assert count(gate, "augmentation_metrics") == 3


def test_a_commit_that_is_killed_again_and_again_leaves_no_row_and_can_be_repeated(
    postgres_ledger: PostgresLedger, gate: psycopg.Connection
) -> None:
    batch = [a_completed(an_item(f"m-{n}")) for n in range(3)]
    with ThreadPoolExecutor(1) as threads:
        committing: Future[object] = threads.submit(postgres_ledger.commit, batch)
        first = pid_at_the_gate(gate)
        gate.execute("SELECT pg_terminate_backend(%s)", [first])
        second = pid_at_the_gate(gate, other_than=first)
        gate.execute("SELECT pg_terminate_backend(%s)", [second])
        answers = committing.result()

    assert "connection" in outage(answers)
    assert count(gate, "augmentation_jobs") == 0
    assert count(gate, "augmentation_results") == 0

    open_gate(gate)
    assert all(isinstance(answer, Committed) for answer in postgres_ledger.commit(batch))
    assert count(gate, "augmentation_results") == 27


def test_a_commit_whose_answer_is_lost_is_found_done_when_it_is_repeated(
    database_url: str, session: psycopg.Connection
) -> None:
    completed = a_completed()
    with losing_answers(database_url, losses=1) as proxy, a_ledger(proxy.database_url) as ledger:
        (answer,) = ledger.commit([completed])
        assert proxy.losses == 0

    assert isinstance(answer, AlreadyDone)
    assert answer.completion == stored_completion(completed, answer.completion.job_id)
    assert count(session, "augmentation_results") == 9


def test_idle_connections_that_the_server_has_closed_cost_no_item_an_attempt(
    database_url: str, session: psycopg.Connection
) -> None:
    with a_ledger(database_url, pool_size=8) as ledger, ThreadPoolExecutor(8) as threads:

        def register(number: int) -> object:
            return ledger.register([an_item(f"m-{number}")], PLAN)[0]

        list(threads.map(register, range(40)))
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        session.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}".encode()
        )
        answers = list(threads.map(register, range(40)))

    assert all(isinstance(answer, Registered) for answer in answers)


def test_a_server_that_restarts_is_found_again(
    postgres_server: PostgreSQL, database_url: str
) -> None:
    with a_ledger(database_url) as ledger:
        ledger.register([an_item()], PLAN)
        postgres_server.restart()

        assert ledger.probe() is None
        assert isinstance(ledger.commit([a_completed()])[0], Committed)


def test_a_server_that_is_down_is_an_outage_for_every_item_and_the_probe_says_why(
    postgres_server: PostgreSQL, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "FREE_CONNECTION_SECONDS", 0.5)
    with a_ledger(database_url) as ledger:
        ledger.register([an_item()], PLAN)
        postgres_server.stop()
        try:
            registered = ledger.register([an_item("m-1"), an_item("m-2")], PLAN)
            committed = ledger.commit([a_completed()])
            recorded = ledger.record([(a_failed(), True)])
            probed = ledger.probe()
        finally:
            postgres_server.start()

        for answers in (registered, committed, recorded, [probed]):
            assert "Connection refused" in outage(answers)
        assert isinstance(ledger.record([(a_failed(), True)])[0], Recorded)


def test_a_server_that_accepts_and_never_answers_is_given_up(
    postgres_server: PostgreSQL, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "ANSWER_SECONDS", 0.5)
    with a_ledger(database_url) as ledger:
        ledger.register([an_item()], PLAN)
        postgres_server.pause()
        try:
            answers = ledger.commit([a_completed()])
        finally:
            postgres_server.resume()

        assert "no answer within 0.5 s" in outage(answers)
        repeated = ledger.commit([a_completed()])[0]
        assert isinstance(repeated, Committed | AlreadyDone)


def test_a_statement_that_waits_too_long_for_a_lock_is_an_outage(
    database_url: str, session: psycopg.Connection
) -> None:
    url = f"{database_url}?options=-c%20statement_timeout%3D200"
    with a_ledger(url) as ledger, session.transaction():
        session.execute("LOCK TABLE augmentation_jobs")

        assert "statement timeout" in outage(ledger.register([an_item()], PLAN))
        probed = ledger.probe()

    assert isinstance(probed, Failure)
    assert "statement timeout" in probed.error


def test_missing_tables_are_an_outage_with_the_remedy(empty_database_url: str) -> None:
    with a_ledger(empty_database_url) as ledger:
        answers = [*ledger.register([an_item()], PLAN), *ledger.commit([a_completed()])]
        probed = ledger.probe()

    for answer in (*answers, probed):
        assert "run: augment init" in outage([answer])


def test_a_server_that_takes_no_writes_is_an_outage_with_the_remedy(database_url: str) -> None:
    url = f"{database_url}?options=-c%20default_transaction_read_only%3Don"
    with a_ledger(url) as ledger:
        answers = [*ledger.register([an_item()], PLAN), ledger.probe()]

    for answer in answers:
        assert "AUGMENT_DATABASE_URL at the primary" in outage([answer])


def test_connections_that_stay_busy_are_told_with_the_remedy(
    database_url: str, gate: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "FREE_CONNECTION_SECONDS", 0.2)
    with a_ledger(database_url, pool_size=1) as ledger, ThreadPoolExecutor(1) as threads:
        busy = threads.submit(ledger.commit, [a_completed()])
        pid_at_the_gate(gate)
        answers = ledger.register([an_item("m-2")], PLAN)
        open_gate(gate)

        assert isinstance(busy.result()[0], Committed)
    assert "raise AUGMENT_DATABASE_POOL" in outage(answers)


def test_a_deadlock_with_somebody_else_is_tried_again_at_once(
    postgres_ledger: PostgresLedger, session: psycopg.Connection, database_url: str
) -> None:
    postgres_ledger.register([an_item("m-1"), an_item("m-2")], PLAN)
    lock = "SELECT 1 FROM augmentation_jobs WHERE message_id = %s FOR UPDATE"
    url = f"{database_url}?options=-c%20deadlock_timeout%3D50"
    with a_ledger(url) as ledger, ThreadPoolExecutor(1) as threads:
        with session.transaction():
            session.execute("SET LOCAL deadlock_timeout = '1min'")
            session.execute(lock, ["m-2"])
            batch = [a_completed(an_item("m-1")), a_completed(an_item("m-2"))]
            committing = threads.submit(ledger.commit, batch)
            # Waits for the commit's lock on m-1, while the commit waits for ours on m-2.
            wait_until_blocked(database_url)
            session.execute(lock, ["m-1"])
        answers = committing.result()

    assert all(isinstance(answer, Committed) for answer in answers)


def wait_until_blocked(database_url: str) -> None:
    """Return once some session of this database waits for another's lock."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with psycopg.connect(database_url, autocommit=True) as watching:
        for _ in range(2000):
            if watching.execute(query, [database_name(database_url)]).fetchall():
                return
            Event().wait(0.005)
    raise AssertionError("nobody waits for a lock")


def test_never_more_connections_than_the_pool_may_have(
    database_url: str, session: psycopg.Connection
) -> None:
    with a_ledger(database_url, pool_size=3) as ledger, ThreadPoolExecutor(12) as threads:
        batches = [[an_item(f"m-{n}")] for n in range(60)]
        list(threads.map(lambda batch: ledger.register(batch, PLAN), batches))

        others = "datname = current_database() AND pid <> pg_backend_pid()"
        assert 1 <= count(session, f"pg_stat_activity WHERE {others}") <= 3


def test_a_ledger_connects_to_nothing_until_it_is_used() -> None:
    with a_ledger("postgresql://postgres@127.0.0.1:1/nowhere") as ledger:
        probed = ledger.probe()

    assert isinstance(probed, Failure)
