"""The same message again: nothing is doubled, nothing is lost, nothing is a dead letter."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.fix_flow import Flows
from tests.fix_messages import Message, message, small_photograph, source_key
from tests.fix_service import Service
from tests.invariants import Books, check_invariants

COPIES = 8


def test_a_message_that_comes_several_times_at_once_is_one_job(
    service: Service, flows: Flows
) -> None:
    service.put(1)
    sent = [message(1)] * COPIES
    service.send(sent)
    flow = flows.drain(service, "-w", "2")
    books = _check_one_job(service, sent)
    assert len(books.completions) == COPIES
    outcomes = [flow.found(event) for event in ("Item processed", "Duplicate acknowledged")]
    assert sum(map(len, outcomes)) == COPIES


@pytest.mark.parametrize("source_is_gone", [False, True])
def test_a_message_that_comes_again_when_it_is_done_is_only_told_again(
    service: Service, flows: Flows, source_is_gone: bool
) -> None:
    service.put(1)
    sent = [message(1)]
    service.send(sent)
    flow = flows.start(service, "-w", "2")
    flow.wait_for("Item processed")
    if source_is_gone:
        service.remove(1)
    service.send(sent)
    flow.wait_for("Duplicate acknowledged")
    flow.stop()
    books = _check_one_job(service, sent)
    first, again = books.completions
    assert (first.message_id, first.body) == (again.message_id, again.body)


@pytest.mark.parametrize("change", ["other bytes at its key", "another key"])
def test_a_message_that_comes_again_with_another_source_is_done_again(
    service: Service, flows: Flows, change: str
) -> None:
    service.put(1, small_photograph(0))
    sent = [message(1)]
    service.send(sent)
    flow = flows.start(service)
    flow.wait_for("Item processed")
    if change == "another key":
        service.put(2, small_photograph(1))
        sent.append(message(1, sent[0].message_id, objectKey=source_key(2)))
    else:
        service.put(1, small_photograph(1))
        sent.append(sent[0])
    service.send(sent[1:])
    flow.wait_for("Item processed", count=2)
    flow.stop()
    books = _check_one_job(service, sent)
    first, second = books.completions
    assert first.message_id != second.message_id
    assert first.fields["jobId"] == second.fields["jobId"]
    assert books.jobs[0]["source_md5"] == second.fields["source"]["md5"]
    # What the first completion names is still there for whoever reads it late.
    named = {
        (each["bucket"], each["objectKey"]): each["md5"] for each in first.fields["variations"]
    }
    assert service.md5_of_objects(named) == named


def test_one_message_id_with_two_sources_at_once_is_one_job_and_tells_of_both(
    service: Service, flows: Flows
) -> None:
    service.put(1, small_photograph(0))
    service.put(2, small_photograph(1))
    one = message(1)
    other = message(1, one.message_id, objectKey=source_key(2))
    service.send([one, other])
    flows.drain(service, "-w", "2")
    books = _check_one_job(service, [one, other])
    told = {each.fields["source"]["objectKey"] for each in books.completions}
    assert told == {source_key(1), source_key(2)}
    assert books.jobs[0]["object_key"] in told


def test_two_messages_of_one_item_are_two_jobs(service: Service, flows: Flows) -> None:
    service.put(1)
    sent = [message(1), message(1)]
    service.send(sent)
    flows.drain(service, "-w", "2")
    assert service.waiting() == 0
    assert service.jobs("success") == 2
    assert len(service.rows("augmentation_results")) == 18
    assert len({each.message_id for each in service.completions()}) == 2
    assert service.dead_letters() == []


def _check_one_job(service: Service, sent: Sequence[Message]) -> Books:
    books = check_invariants(service, sent)
    assert [row["status"] for row in books.jobs] == ["success"]
    assert len(books.results) == 9
    assert books.dead_letters == []
    return books
