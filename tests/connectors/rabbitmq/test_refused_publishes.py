"""A publish that the broker does not take: an outage, never an attempt, and nothing is lost."""

from __future__ import annotations

from colecionador.domain.events import DependencyChanged, Settled
from tests.connectors.rabbitmq.bench import completion, dead_letter
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker


def test_a_refused_publish_is_repeated_until_the_queue_takes_it(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    with broker.channel() as channel:
        channel.queue_declare(bench.settings.completed_queue, durable=True, arguments=full)
    bench.declare()
    bench.publish(b"job-1", b"job-2")
    bench.open()
    first, second = bench.take(2)
    bench.settle_and_wait(completion(first))
    bench.settle(completion(second))
    bench.await_notice("Publish refused")
    assert len(bench.telemetry.of(Settled)) == 1
    (letter,) = broker.take(bench.settings.completed_queue)
    assert letter.properties.correlation_id == b"job-1"
    bench.telemetry.wait_for(Settled, 2)
    (letter,) = broker.take(bench.settings.completed_queue)
    assert letter.properties.correlation_id == b"job-2"


def test_a_publish_to_a_queue_that_is_gone_waits_until_it_is_created_again(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1", b"job-2")
    bench.open()
    first, second = bench.take(2)
    with broker.channel() as channel:
        channel.queue_delete(bench.dead_letters)
    bench.settle_and_wait(dead_letter(first), completion(second))
    assert dict(bench.notices("Publish refused")[0].fields)["reason"] == "no such queue"
    (letter,) = broker.take(bench.dead_letters)
    assert letter.body == b"job-1"


def test_of_two_deliveries_of_one_message_none_is_acked_for_the_others_publish(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"first", b"second", message_id=b"one id")
    bench.open()
    first, second = bench.take(2)
    with broker.channel() as channel:
        channel.queue_delete(bench.dead_letters)
    bench.settle_and_wait(dead_letter(first), dead_letter(second))
    letters = broker.take(bench.dead_letters)
    assert {letter.body for letter in letters} == {b"first", b"second"}


def test_a_blocked_broker_delays_publishes_and_says_so(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1", b"job-2")
    bench.open()
    first, second = bench.take(2)
    bench.settle_and_wait(completion(first))
    try:
        broker.control("set_vm_memory_high_watermark", "0")
        bench.settle(completion(second))
        changes = bench.telemetry.wait_for(DependencyChanged, 2)
        assert "takes no publishes" in changes[1].reason
    finally:
        broker.control("set_vm_memory_high_watermark", "1.0")
    bench.telemetry.wait_for(Settled, 2)
    assert [change.up for change in bench.telemetry.of(DependencyChanged)] == [True, False, True]
    letters = broker.take(bench.settings.completed_queue)
    assert [letter.properties.correlation_id for letter in letters] == [b"job-1", b"job-2"]
