"""A database that answers and takes no writes, drops sessions, or is busy with somebody else."""

from __future__ import annotations

import psycopg
from psycopg import sql

from tests.fix_faults import (
    Failpoints,
    check_that_nothing_was_lost_or_counted,
    wait_for_successes,
)
from tests.fix_flow import Flow, Flows
from tests.fix_service import Service, wait_until
from tests.invariants import check_invariants

_FAILING_WRITES = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
-- For each row: a probe touches none, as it needs no room on a disk.
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON augmentation_jobs
    FOR EACH ROW EXECUTE FUNCTION refuse();
"""
_CONFLICTS = """
CREATE SEQUENCE conflicts;
CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A sequence goes on although its transaction is rolled back.
    CASE nextval('conflicts') % 5
        WHEN 0 THEN NULL;
        WHEN 1 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = 'deadlock_detected';
        ELSE RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure';
    END CASE;
    RETURN NULL;
END $$;
CREATE TRIGGER conflict BEFORE INSERT ON augmentation_metrics
    FOR EACH STATEMENT EXECUTE FUNCTION conflict();
"""
_TERMINATE_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_A_GATE_FOR_ITEM_2 = """
CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT item_id FROM augmentation_jobs WHERE id = NEW.job_id) = 2 THEN
        PERFORM pg_advisory_xact_lock_shared(1);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER gate BEFORE INSERT ON augmentation_metrics
    FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate();
"""


def down(flow: Flow) -> int:
    """How often the database was told to be down."""
    return len(flow.found("Dependency down", dependency="postgres"))


def test_a_database_that_takes_no_writes_is_waited_out_although_it_answers(
    service: Service, flows: Flows
) -> None:
    flow = flows.start(service, retry_base_seconds=0.1)
    sent = service.submit(range(1, 5))
    wait_for_successes(service, flow, len(sent))
    with service.session() as session:
        session.execute(_FAILING_WRITES)
        sent += service.submit(range(5, 13))
        [line] = flow.wait_for("Dependency down", dependency="postgres")
        assert "No space left on device" in line["reason"]
        session.execute("DROP TRIGGER refuse ON augmentation_jobs")
        wait_for_successes(service, flow, len(sent))
        assert down(flow) == 1
        _set_read_only(session, "on")
        sent += service.submit(range(13, 21))
        *_, line = flow.wait_for("Dependency down", 2, dependency="postgres")
        assert "takes no writes" in line["reason"]
        _set_read_only(session, "off")
    wait_for_successes(service, flow, len(sent))
    assert down(flow) == 2
    flow.stop()
    check_that_nothing_was_lost_or_counted(service, sent)


def _set_read_only(session: psycopg.Connection, value: str) -> None:
    statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
    session.execute("SET default_transaction_read_only = off")
    session.execute(statement.format(sql.Identifier(session.info.dbname), sql.SQL(value)))
    session.execute(_TERMINATE_ALL)


def test_conflicts_and_terminated_sessions_cost_no_attempt(service: Service, flows: Flows) -> None:
    with service.session() as session:
        session.execute(_CONFLICTS)
        sent = service.submit(range(1, 31))
        flow = flows.start(service, max_attempts=1)
        for count in range(2, 30, 4):
            wait_for_successes(service, flow, count)
            session.execute(_TERMINATE_ALL)
        wait_for_successes(service, flow, len(sent))
    flow.stop()
    check_that_nothing_was_lost_or_counted(service, sent)


def test_a_pool_whose_connections_are_all_busy_costs_no_attempt(
    service: Service, flows: Flows, failpoints: Failpoints
) -> None:
    failpoints.shorten(busy=0.3)
    with service.session() as session:
        session.execute(_A_GATE_FOR_ITEM_2)
        session.execute("SELECT pg_advisory_lock(1)")
        sent = service.submit(range(1, 4))
        flow = flows.start(service, database_pool=1, commit_batch=1, max_attempts=1)
        at_the_gate = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: bool(session.execute(at_the_gate).fetchall()), "nobody came to the gate")
        # The others wait for the one connection, longer than anybody may wait for one.
        session.execute("SELECT pg_sleep(4.5), pg_advisory_unlock(1)")
        wait_for_successes(service, flow, len(sent))
    flow.stop()
    check_that_nothing_was_lost_or_counted(service, sent)


def test_a_row_that_somebody_locks_fails_its_message_and_not_its_neighbours(
    service: Service, flows: Flows
) -> None:
    url = service.environment["AUGMENT_DATABASE_URL"]
    limit = f"{url}?options=-c%20statement_timeout%3D300"
    sent = service.submit(range(1, 17))
    with service.session() as session, session.transaction(force_rollback=True):
        session.execute(
            "INSERT INTO augmentation_jobs (message_id, item_id, categoria, bucket, object_key,"
            " attempts, status) VALUES (%s, 3, 'x', 'x', 'x', 1, 'processing')",
            [sent[2].message_id],
        )
        flow = flows.start(service, database_url=limit, max_attempts=1)
        wait_for_successes(service, flow, len(sent) - 1)
        flow.wait_for("Item dead-lettered", message_id=sent[2].message_id)
        assert down(flow) == 0
        flow.stop()
    books = check_invariants(service, sent)
    assert [letter.message_id for letter in books.dead_letters] == [sent[2].message_id]
