"""Declaring the topology: passive first, created where missing, by any number at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.rabbitmq import BrokerError, QueueState, declare_topology
from connectors.rabbitmq.queues import DELIVERY_LIMIT, queue_specs, wait_room
from connectors.rabbitmq.topology import major_version
from tests.connectors.rabbitmq.bench import completion, dead_letter
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker
from tests.free_port import free_port


def test_what_is_missing_is_created_and_found_as_expected_the_next_time(broker: Broker) -> None:
    settings = broker.settings()
    first, second = declare_topology(settings), declare_topology(settings)
    assert {queue.state for queue in first.queues} == {QueueState.CREATED}
    assert {queue.state for queue in second.queues} == {QueueState.AS_EXPECTED}
    assert {queue.name for queue in second.queues} == {
        settings.queue,
        f"{settings.queue}.retry.200ms",
        f"{settings.queue}.retry.400ms",
        f"{settings.queue}.dlq",
        settings.completed_queue,
    }
    assert first.broker_version.count(".") == 2
    broker.remove(settings)


def test_an_existing_classic_queue_is_used_as_it_is_and_said_so(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    with broker.channel() as channel:
        channel.queue_declare(bench.settings.queue, durable=True)
    report = declare_topology(bench.settings)
    (work,) = [queue for queue in report.queues if queue.role == "work"]
    assert work.state is QueueState.USED_AS_IT_IS
    assert "inequivalent arg" in work.difference
    bench.publish(b"job-1")
    bench.open()
    bench.settle_and_wait(*map(completion, bench.take(1)))


def test_any_number_of_processes_may_declare_at_once(broker: Broker) -> None:
    settings = broker.settings()
    with ThreadPoolExecutor(8) as executor:
        reports = list(executor.map(declare_topology, [settings] * 8))
    for report in reports:
        assert {queue.state for queue in report.queues} <= {
            QueueState.CREATED,
            QueueState.AS_EXPECTED,
        }
    broker.remove(settings)


def test_lanes_create_what_is_missing_before_they_consume(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.open()
    bench.await_notice("Queue created")
    bench.until(lambda: len(bench.notices("Queue created")) == 5, "all queues to be created")
    bench.publish(b"job-1")
    bench.settle_and_wait(*map(dead_letter, bench.take(1)))
    assert len(broker.take(bench.dead_letters)) == 1


def test_a_broker_that_is_away_is_named_with_the_setting_and_without_the_password(
    broker: Broker,
) -> None:
    port = free_port()
    settings = broker.settings(port)
    with pytest.raises(BrokerError) as caught:
        declare_topology(settings)
    assert f"AUGMENT_AMQP_URL: no connection to amqp://127.0.0.1:{port}" in str(caught.value)
    assert "guest:guest" not in str(caught.value)


def test_a_wait_room_is_named_for_its_delay() -> None:
    names = [wait_room("Q", seconds) for seconds in (5.0, 10.0, 0.3, 1.5, 0.0001, 90.0)]
    assert names == [
        "Q.retry.5s",
        "Q.retry.10s",
        "Q.retry.300ms",
        "Q.retry.1500ms",
        "Q.retry.1ms",
        "Q.retry.90s",
    ]


@pytest.mark.parametrize(("major", "limit"), [(3, None), (4, -1)])
def test_no_delivery_limit_is_in_force_on_dead_letters_whatever_the_broker(
    broker: Broker, major: int, limit: int | None
) -> None:
    specs = {spec.role: spec.arguments for spec in queue_specs(broker.settings(), major)}
    assert specs["dead letters"].get("x-delivery-limit") == limit
    assert specs["work"]["x-delivery-limit"] == DELIVERY_LIMIT


@pytest.mark.parametrize(("version", "major"), [("3.10.8", 3), ("4.1.0-rc.1", 4), ("", 0)])
def test_the_brokers_major_version_is_read_from_what_it_says(version: str, major: int) -> None:
    assert major_version(version) == major


def test_looking_at_a_dead_letter_again_and_again_never_drops_it(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    bench.settle_and_wait(*map(dead_letter, bench.take(1)))
    with broker.channel() as channel:
        for _ in range(DELIVERY_LIMIT + 5):
            method, _, _ = channel.basic_get(bench.dead_letters)
            assert method is not None
            channel.basic_nack(method.delivery_tag or 0, requeue=True)
    assert len(broker.take(bench.dead_letters, 1)) == 1


def test_a_message_that_keeps_returning_is_moved_to_the_dead_letters_by_the_broker(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    with broker.channel() as channel:
        for _ in range(DELIVERY_LIMIT + 1):
            method = None
            while method is None:
                method, _, _ = channel.basic_get(bench.settings.queue)
            channel.basic_nack(method.delivery_tag or 0, requeue=True)
    (letter,) = broker.take(bench.dead_letters, 1)
    assert letter.body == b"job-1"
