"""What a settlement publishes, exactly, and when it acks."""

from __future__ import annotations

from datetime import datetime

from colecionador.domain.events import DependencyCalled, Settled
from colecionador.domain.failures import ErrorType, Failure
from connectors.rabbitmq.field_table import Field, integer_field, text_field
from connectors.rabbitmq.properties import Properties
from tests.connectors.rabbitmq.bench import completion, dead_letter, retry
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker


def test_a_completion_is_published_with_the_contracts_properties_and_then_acked(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (delivery,) = bench.take(1)
    bench.settle_and_wait(completion(delivery, b'{"jobId":7}'))
    (letter,) = broker.take(bench.settings.completed_queue)
    assert letter.body == b'{"jobId":7}'
    assert letter.properties == Properties(
        content_type=b"application/json",
        delivery_mode=2,
        correlation_id=b"job-1",
        message_id=b"completed-job-1",
        timestamp=letter.properties.timestamp,
        type=b"augmentation.completed",
    )
    assert letter.properties.timestamp is not None
    bench.close()
    assert broker.ready(bench.settings.queue) == 0


def test_a_settlement_is_told_with_the_time_it_took(open_bench: OpenBench) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (delivery,) = bench.take(1)
    bench.settle_and_wait(completion(delivery))
    (settled,) = bench.telemetry.of(Settled)
    (called,) = bench.telemetry.of(DependencyCalled)
    assert settled.settlement == completion(delivery)
    assert called.operation == "publish"
    assert 0 < called.seconds <= settled.publish_seconds


def test_a_retry_waits_its_delay_and_comes_back_with_all_it_had(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    headers = (text_field("tenant", "museum"), Field(b"pi", b"d\x40\x09\x21\xfb\x54\x44\x2d\x18"))
    bench.publish(b"job-1", headers=headers, app_id=b"shop", timestamp=1_700_000_000, priority=3)
    bench.open()
    (first,) = bench.take(1)
    bench.settle_and_wait(retry(first, 0.2))
    (second,) = bench.take(1)
    assert (second.message_id, second.body, second.attempt) == ("job-1", b"job-1", 2)
    assert not second.redelivered
    bench.settle_and_wait(dead_letter(second))
    (letter,) = broker.take(bench.dead_letters)
    assert letter.properties.app_id == b"shop"
    assert letter.properties.timestamp == 1_700_000_000
    assert letter.properties.priority == 3
    assert set(headers) < set(letter.properties.headers or ())


def test_a_message_in_a_wait_room_says_which_attempt_is_next_and_why(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(retry_base_seconds=60)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (delivery,) = bench.take(1)
    bench.settle_and_wait(retry(delivery, 60.0, Failure(ErrorType.SOURCE_FORBIDDEN, "403")))
    (letter,) = broker.take(bench.wait_room(60.0))
    assert letter.body == b"job-1"
    assert letter.properties.message_id == b"job-1"
    assert letter.properties.delivery_mode == 2
    names = {field.name for field in letter.properties.headers or ()}
    assert names == {b"x-attempt", b"x-error-type", b"x-error", b"x-first-failed-at"}
    assert letter.properties.header("x-attempt") == integer_field("x-attempt", 2)
    assert letter.header("x-error-type") == b"source_forbidden"
    assert letter.header("x-error") == b"403"


def test_a_dead_letter_says_how_often_it_was_tried_and_when_it_failed(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (first,) = bench.take(1)
    bench.settle_and_wait(retry(first, 0.2))
    (second,) = bench.take(1)
    bench.settle_and_wait(dead_letter(second, Failure(ErrorType.CORRUPT_IMAGE, "truncated")))
    (letter,) = broker.take(bench.dead_letters)
    assert letter.body == b"job-1"
    assert letter.properties.header("x-attempt") == integer_field("x-attempt", 2)
    assert letter.header("x-error-type") == b"corrupt_image"
    assert letter.header("x-error") == b"truncated"
    moments = [letter.header(name) for name in ("x-first-failed-at", "x-failed-at")]
    first_failed, failed = [datetime.fromisoformat((text or b"").decode()) for text in moments]
    assert first_failed < failed
    assert all(text is not None and text.endswith(b"Z") for text in moments)


def test_what_would_route_expire_or_forge_a_message_is_left_out(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    array = b"A\x00\x00\x00\x0a" + b"S\x00\x00\x00\x05other"
    headers = (Field(b"CC", array), Field(b"BCC", array), text_field("kept", "yes"))
    bench.publish(b"job-1", headers=headers, user_id=b"guest", expiration=b"60000")
    bench.open()
    (delivery,) = bench.take(1)
    bench.settle_and_wait(dead_letter(delivery))
    (letter,) = broker.take(bench.dead_letters)
    assert letter.properties.user_id is None
    assert letter.properties.expiration is None
    assert letter.properties.header("CC") is None
    assert letter.properties.header("BCC") is None
    assert letter.header("kept") == b"yes"


def test_what_the_broker_notes_on_a_message_in_a_wait_room_is_not_kept(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (first,) = bench.take(1)
    bench.settle_and_wait(retry(first, 0.2))
    (second,) = bench.take(1)
    bench.settle_and_wait(dead_letter(second))
    (letter,) = broker.take(bench.dead_letters)
    names = {field.name for field in letter.properties.headers or ()}
    assert not {name for name in names if b"death" in name or b"delivery-count" in name}


def test_a_derived_id_stays_the_same_over_a_retry(open_bench: OpenBench) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"no id", message_id=None)
    bench.publish(b"odd id", message_id=b"\xff\x00odd")
    bench.open()
    first = {delivery.body: delivery for delivery in bench.take(2)}
    bench.settle_and_wait(*(retry(delivery, 0.2) for delivery in first.values()))
    second = {delivery.body: delivery for delivery in bench.take(2)}
    assert {body: d.message_id for body, d in second.items()} == {
        body: d.message_id for body, d in first.items()
    }
    assert {delivery.attempt for delivery in second.values()} == {2}


def test_a_second_settlement_of_one_delivery_publishes_nothing(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (delivery,) = bench.take(1)
    bench.settle_and_wait(completion(delivery))
    bench.settle(completion(delivery), dead_letter(delivery))
    bench.until(lambda: len(bench.notices("Stale settlement dropped")) == 2, "both to be dropped")
    assert len(broker.take(bench.settings.completed_queue)) == 1
    assert broker.take(bench.dead_letters) == []


def test_many_settlements_are_confirmed_through_a_window_smaller_than_them(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(prefetch=1000, lanes=2)
    bench.declare()
    bench.publish(*(b"job-%d" % number for number in range(1200)))
    bench.open()
    bench.settle_and_wait(*map(completion, bench.take(1200)))
    letters = broker.take(bench.settings.completed_queue)
    assert sorted(letter.properties.correlation_id or b"" for letter in letters) == sorted(
        b"job-%d" % number for number in range(1200)
    )
