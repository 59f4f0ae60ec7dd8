"""What every ledger must do, held against memory and a real PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import psycopg
import pytest

from colecionador.domain.completion import stored_completion
from colecionador.domain.failures import ErrorType
from colecionador.domain.ports import AlreadyDone, Committed, Ledger, Recorded, Registered
from colecionador.domain.results import CompletedItem
from connectors.memory.ledger import MemoryLedger
from tests.conformance.ledger_items import (
    PLAN,
    a_completed,
    a_failed,
    an_item,
    skipped,
    stored,
)

Delete = Callable[[str], None]


@pytest.fixture(params=["memory", "postgres"])
def ledger_and_delete(request: pytest.FixtureRequest) -> tuple[Ledger, Delete]:
    """An empty ledger, and a way to delete a job behind its back."""
    if request.param == "memory":
        memory = MemoryLedger()
        return memory, memory.delete
    connection: psycopg.Connection = request.getfixturevalue("session")

    def delete(message_id: str) -> None:
        connection.execute("DELETE FROM augmentation_jobs WHERE message_id = %s", [message_id])

    return request.getfixturevalue("postgres_ledger"), delete


@pytest.fixture
def ledger(ledger_and_delete: tuple[Ledger, Delete]) -> Ledger:
    return ledger_and_delete[0]


def register(ledger: Ledger, *message_ids: str) -> list[Registered]:
    answers = ledger.register([an_item(each) for each in message_ids], PLAN)
    return [answer for answer in answers if isinstance(answer, Registered)]


def commit(ledger: Ledger, completed: CompletedItem) -> int:
    """Commit one item that is new work; its job's id."""
    (answer,) = ledger.commit([completed])
    assert isinstance(answer, Committed), answer
    return answer.job_id


def completion_known_to(ledger: Ledger, completed: CompletedItem) -> object:
    (answer,) = ledger.register([completed.item], completed.plan_version)
    assert isinstance(answer, Registered), answer
    return answer.completed


def test_a_batch_is_answered_in_its_order_with_a_job_for_each_message(ledger: Ledger) -> None:
    answers = register(ledger, "m-3", "m-1", "m-2")
    again = register(ledger, "m-1", "m-2", "m-3")

    assert len({answer.job_id for answer in answers}) == 3
    assert [answer.job_id for answer in again] == [
        answers[1].job_id,
        answers[2].job_id,
        answers[0].job_id,
    ]
    assert all(answer.completed is None for answer in answers + again)


def test_an_empty_batch_is_answered_with_nothing(ledger: Ledger) -> None:
    assert list(ledger.register([], PLAN)) == []
    assert list(ledger.commit([])) == []
    assert list(ledger.record([])) == []


def test_a_message_twice_in_one_registration_is_one_job(ledger: Ledger) -> None:
    answers = register(ledger, "m-1", "m-2", "m-1")

    assert answers[0] == answers[2]
    assert answers[0] != answers[1]


def test_a_commit_keeps_the_job_that_was_registered(ledger: Ledger) -> None:
    (registered,) = register(ledger, "m-1")

    assert commit(ledger, a_completed()) == registered.job_id


def test_a_committed_item_is_known_by_its_whole_completion(ledger: Ledger) -> None:
    completed = a_completed(
        an_item(attempt=3),
        variations=[stored("rotate_90"), skipped("blur"), stored("clahe", 2**40), skipped("a")],
    )

    job_id = commit(ledger, completed)

    assert completion_known_to(ledger, completed) == stored_completion(completed, job_id)


def test_an_item_without_a_stored_variation_is_committed_too(ledger: Ledger) -> None:
    completed = a_completed(variations=[])

    job_id = commit(ledger, completed)

    assert completion_known_to(ledger, completed) == stored_completion(completed, job_id)


def test_a_second_commit_of_the_same_work_is_answered_with_the_first(ledger: Ledger) -> None:
    first = a_completed(an_item(attempt=1))
    job_id = commit(ledger, first)

    second = a_completed(an_item(attempt=2), variations=[stored("rotate_90")])
    answers = ledger.commit([second])

    assert list(answers) == [AlreadyDone(stored_completion(first, job_id))]


def test_a_message_twice_in_one_commit_is_done_once(ledger: Ledger) -> None:
    completed = a_completed()

    first, other, second = ledger.commit([completed, a_completed(an_item("m-2")), completed])

    assert isinstance(first, Committed)
    assert isinstance(other, Committed)
    assert second == AlreadyDone(stored_completion(completed, first.job_id))


def test_new_work_a_redo_and_a_duplicate_are_one_batch(ledger: Ledger) -> None:
    done, outdated, new = (an_item(f"m-{name}") for name in ("done", "outdated", "new"))
    job_id, outdated_id = commit(ledger, a_completed(done)), commit(ledger, a_completed(outdated))
    redo = a_completed(outdated, plan_version="another", variations=[stored("zoom_in")])

    first, second, third = ledger.commit([a_completed(done), redo, a_completed(new)])

    assert first == AlreadyDone(stored_completion(a_completed(done), job_id))
    assert second == Committed(outdated_id)
    assert isinstance(third, Committed)
    assert completion_known_to(ledger, redo) == stored_completion(redo, outdated_id)


def test_of_many_threads_that_redo_a_message_differently_one_is_last_and_alone(
    ledger: Ledger,
) -> None:
    works = [
        a_completed(plan_version=f"plan-{n}", variations=[stored(f"zoom_{n}"), stored("blur")])
        for n in range(8)
    ]
    job_id = commit(ledger, a_completed())
    together = Barrier(len(works))

    def redo(work: CompletedItem) -> object:
        together.wait()
        return ledger.commit([work])[0]

    with ThreadPoolExecutor(len(works)) as threads:
        answers = list(threads.map(redo, works))

    assert answers == [Committed(job_id)] * len(works)
    known = [completion_known_to(ledger, work) for work in works]
    (last,) = [completion for completion in known if completion is not None]
    assert last in [stored_completion(work, job_id) for work in works]


@pytest.mark.parametrize(
    "changed",
    [
        a_completed(an_item(item_id=8)),
        a_completed(an_item(categoria="arte")),
        a_completed(an_item(bucket="archive")),
        a_completed(an_item(object_key="originals/8.jpg")),
        a_completed(etag="another"),
        a_completed(plan_version="another"),
    ],
    ids=["item", "categoria", "bucket", "key", "source", "plan"],
)
def test_changed_work_replaces_what_its_message_had_done(
    ledger: Ledger, changed: CompletedItem
) -> None:
    job_id = commit(ledger, a_completed())
    changed = replace(changed, variations=(stored("clahe"), stored("zoom_in")))

    assert commit(ledger, changed) == job_id
    assert completion_known_to(ledger, changed) == stored_completion(changed, job_id)


@pytest.mark.parametrize(
    "item",
    [
        an_item(item_id=8),
        an_item(categoria="arte"),
        an_item(bucket="archive"),
        an_item(object_key="originals/8.jpg"),
    ],
    ids=["item", "categoria", "bucket", "key"],
)
def test_registering_changed_work_finds_no_completion_and_leaves_the_old_one(
    ledger: Ledger, item: object
) -> None:
    completed = a_completed()
    job_id = commit(ledger, completed)

    assert list(ledger.register([an_item()], "another plan")) == [Registered(job_id)]
    assert list(ledger.register([item], PLAN)) == [Registered(job_id)]  # type: ignore[list-item]  # parametrized
    assert completion_known_to(ledger, completed) == stored_completion(completed, job_id)


def test_a_failure_is_recorded_on_its_job(ledger: Ledger) -> None:
    (registered,) = register(ledger, "m-1")

    assert list(ledger.record([(a_failed(), False)])) == [Recorded(registered.job_id)]
    assert list(ledger.record([(a_failed(), True)])) == [Recorded(registered.job_id)]


def test_a_failure_that_was_never_registered_is_not_lost(ledger: Ledger) -> None:
    (recorded,) = ledger.record([(a_failed(), True)])

    assert isinstance(recorded, Recorded)
    assert recorded.job_id == register(ledger, "m-1")[0].job_id


def test_a_failure_of_work_that_is_done_is_a_duplicate(ledger: Ledger) -> None:
    completed = a_completed()
    done = AlreadyDone(stored_completion(completed, commit(ledger, completed)))

    unknown_source, same_source = a_failed(), a_failed(etag=completed.source.etag)

    assert list(ledger.record([(unknown_source, True), (same_source, False)])) == [done, done]


@pytest.mark.parametrize(
    "failed",
    [
        a_failed(etag="another"),
        a_failed(plan_version="another"),
        a_failed(an_item(object_key="originals/8.jpg")),
    ],
    ids=["source", "plan", "key"],
)
def test_a_failure_of_changed_work_leaves_the_success_alone(ledger: Ledger, failed: object) -> None:
    completed = a_completed()
    job_id = commit(ledger, completed)

    answers = ledger.record([(failed, True)])  # type: ignore[list-item]  # parametrized

    assert list(answers) == [Recorded(job_id)]
    assert completion_known_to(ledger, completed) == stored_completion(completed, job_id)


def test_a_failed_job_may_still_succeed(ledger: Ledger) -> None:
    (recorded,) = ledger.record([(a_failed(), True)])
    assert isinstance(recorded, Recorded)

    assert commit(ledger, a_completed()) == recorded.job_id


def test_a_message_twice_among_failures_is_one_job(ledger: Ledger) -> None:
    first, second = ledger.record([(a_failed(), False), (a_failed(), True)])

    assert first == second


def test_an_error_text_from_the_world_is_recorded_whatever_it_holds(ledger: Ledger) -> None:
    texts = ["a\x00b", "\ud800", "\udcff half a \ud83e lion", "🦁" * 10_000]
    failed = [
        (a_failed(an_item(f"m-{n}"), error_type=ErrorType.INTERNAL, error=text), True)
        for n, text in enumerate(texts)
    ]

    assert all(isinstance(answer, Recorded) for answer in ledger.record(failed))


def test_a_deleted_job_does_not_lose_the_work_on_it(
    ledger_and_delete: tuple[Ledger, Delete],
) -> None:
    ledger, delete = ledger_and_delete
    (registered,) = register(ledger, "m-1")
    delete("m-1")
    completed = a_completed(job_id=registered.job_id)

    job_id = commit(ledger, completed)

    assert completion_known_to(ledger, completed) == stored_completion(completed, job_id)


def test_many_threads_that_commit_the_same_messages_do_each_once(ledger: Ledger) -> None:
    message_ids = [f"m-{n}" for n in range(10)]
    together = Barrier(8)

    def commit_all(turn: int) -> list[object]:
        # Each in another order: rows must not be locked crosswise.
        order = message_ids[turn:] + message_ids[:turn]
        together.wait()
        return list(ledger.commit([a_completed(an_item(each)) for each in order]))

    with ThreadPoolExecutor(8) as threads:
        answers = [answer for some in threads.map(commit_all, range(8)) for answer in some]

    assert sum(isinstance(answer, Committed) for answer in answers) == 10
    assert sum(isinstance(answer, AlreadyDone) for answer in answers) == 70


def test_a_ledger_that_works_answers_its_probe(ledger: Ledger) -> None:
    assert ledger.probe() is None
