"""Items that fail: three attempts with growing delays, or the dead letters at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from sandbox import Sandbox
from tests.fix_flow import Flow, Flows, LogLine
from tests.fix_messages import Message, message, small_photograph, source_key
from tests.fix_s3_faults import faulty_s3
from tests.fix_service import Service, delete_queues_of, new_service, refuse_item
from tests.invariants import check_invariants

BASE_SECONDS = 0.5
"""Room enough to put an object in between two attempts."""


@pytest.fixture
def service(servers: Sandbox) -> Iterator[Service]:
    """A service with the base time of these tests."""
    made = new_service(servers, retry_base_seconds=str(BASE_SECONDS))
    yield made
    delete_queues_of(made)


def test_a_source_that_appears_before_the_third_attempt_is_a_success_with_three_attempts(
    service: Service, flows: Flows
) -> None:
    late = message(1)
    service.send([late])
    flow = flows.start(service, log_level="DEBUG")
    flow.wait_for("Item retried", attempt=2)
    service.put(1)
    flow.wait_for("Item processed", attempt=3)
    _check_delays(flow, late)
    flow.stop()
    books = check_invariants(service, [late])
    assert [row["attempts"] for row in books.jobs] == [3]
    assert [completion.fields["attempts"] for completion in books.completions] == [3]


def test_a_source_that_never_appears_is_a_dead_letter_after_exactly_three_attempts(
    service: Service, flows: Flows
) -> None:
    lost = message(2)
    service.send([lost])
    flow = flows.start(service, log_level="DEBUG")
    flow.wait_for("Item dead-lettered")
    _check_delays(flow, lost)
    flow.stop()
    books = check_invariants(service, [lost])
    assert len(flow.found("Delivery received", message_id=lost.message_id)) == 3
    [letter] = books.dead_letters
    _check_letter(letter, lost, "source_missing", attempts=3)
    assert source_key(2) in letter.headers["x-error"]
    first, last = (_moment(letter.headers[f"x-{name}failed-at"]) for name in ("first-", ""))
    assert last - first >= timedelta(seconds=3 * BASE_SECONDS)
    assert [(row["status"], row["attempts"], row["error_type"]) for row in books.jobs] == [
        ("failed", 3, "source_missing")
    ]


def test_a_refused_object_and_a_silent_one_have_three_attempts_and_stop_nobody(
    service: Service, flows: Flows
) -> None:
    with faulty_s3(service.environment["AUGMENT_S3_ENDPOINT"]) as faults:
        faults.refusals[source_key(3)] = 403
        faults.silent.add(source_key(4))
        sent = service.submit(range(1, 13))
        flow = flows.drain(
            service, s3_endpoint=faults.endpoint, s3_timeout_seconds=0.5, log_level="DEBUG"
        )
        # Two an attempt, and one more where it went over a connection that was open already.
        assert 6 <= faults.silences <= 9
    books = check_invariants(service, sent)
    letters = {letter.fields["itemId"]: letter for letter in books.dead_letters}
    assert sorted(letters) == [3, 4]
    _check_letter(letters[3], sent[2], "source_forbidden", attempts=3)
    _check_letter(letters[4], sent[3], "source_unavailable", attempts=3)
    for failed in (sent[2], sent[3]):
        _check_delays(flow, failed)
    assert len(books.successes) == 10


def test_a_damaged_photograph_is_a_dead_letter_at_its_first_attempt(
    service: Service, flows: Flows
) -> None:
    sent = [message(5), message(6), message(7)]
    service.put(5, small_photograph()[:4000])
    service.put(6, b"no image at all")
    service.put(7)
    service.send(sent)
    flow = flows.drain(service)
    books = check_invariants(service, sent)
    letters = {letter.fields["itemId"]: letter for letter in books.dead_letters}
    assert sorted(letters) == [5, 6]
    _check_letter(letters[5], sent[0], "corrupt_image", attempts=1)
    _check_letter(letters[6], sent[1], "unsupported_format", attempts=1)
    assert flow.found("Item retried") == []


def test_a_transaction_that_is_rolled_back_leaves_no_row_and_its_neighbours_alone(
    service: Service, flows: Flows
) -> None:
    with service.session() as session:
        session.execute(refuse_item(8))
    sent = service.submit(range(1, 13))
    flows.drain(service)
    books = check_invariants(service, sent)
    [letter] = books.dead_letters
    _check_letter(letter, sent[7], "internal", attempts=3)
    assert "item 8 is refused" in letter.headers["x-error"]
    [failed] = [row for row in books.jobs if row["item_id"] == 8]
    assert failed["status"] == "failed"
    assert books.results_of(failed) == []
    assert len(books.successes) == 11


def test_by_default_the_wait_rooms_hold_messages_for_five_and_ten_seconds(
    servers: Sandbox, flows: Flows
) -> None:
    service = new_service(servers, retry_base_seconds="5")
    del service.environment["AUGMENT_RETRY_BASE_SECONDS"]
    try:
        assert service.wait_rooms == (f"{service.queue}.retry.5s", f"{service.queue}.retry.10s")
        service.send([message(9)])
        flow = flows.start(service)
        [retried] = flow.wait_for("Item retried")
        assert retried["delay_seconds"] == 5
        assert [service.ready(room) for room in service.wait_rooms] == [1, 0]
        flow.stop()
    finally:
        delete_queues_of(service)


def _check_delays(flow: Flow, sent: Message) -> None:
    """Between a retry and the delivery after it lies at least the time of its wait room."""
    for attempt, delay in ((1, BASE_SECONDS), (2, 2 * BASE_SECONDS)):
        [retried] = flow.found("Item retried", message_id=sent.message_id, attempt=attempt)
        [again] = flow.found("Delivery received", message_id=sent.message_id, attempt=attempt + 1)
        assert retried["delay_seconds"] == delay
        entered = _timestamp(retried) - timedelta(milliseconds=retried["publish_ms"])
        assert _timestamp(again) - entered >= timedelta(seconds=delay)


def _check_letter(letter: Message, sent: Message, error_type: str, attempts: int) -> None:
    assert (letter.message_id, letter.body) == (sent.message_id, sent.body)
    assert letter.headers["x-error-type"] == error_type
    assert letter.headers["x-attempt"] == attempts
    assert _moment(letter.headers["x-first-failed-at"]) <= _moment(letter.headers["x-failed-at"])


def _timestamp(line: LogLine) -> datetime:
    return _moment(line["timestamp"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
