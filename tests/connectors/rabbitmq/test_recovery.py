"""Connections, channels and brokers that go away, and come back."""

from __future__ import annotations

import time

from pydantic import SecretStr

from colecionador.domain.events import Delivered, DependencyChanged, Released, Settled
from tests.connectors.rabbitmq.bench import completion
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker
from tests.fix_proxy import Proxy


def test_deliveries_of_a_lost_connection_are_released_and_delivered_anew(
    open_bench: OpenBench, proxy: Proxy
) -> None:
    bench = open_bench(proxy)
    bench.declare()
    bench.publish(b"job-1", b"job-2")
    bench.open()
    first = bench.take(2)
    proxy.cut()
    released = bench.telemetry.wait_for(Released, 2)
    assert {event.delivery for event in released} == {delivery.id for delivery in first}
    second = bench.take(2)
    assert {delivery.message_id for delivery in second} == {"job-1", "job-2"}
    assert all(delivery.redelivered for delivery in second)
    (older,) = {delivery.id.generation for delivery in first}
    assert {delivery.id.generation for delivery in second} == {older + 1}


def test_a_stale_settlement_publishes_nothing_since_its_redelivery_does_the_work(
    open_bench: OpenBench, proxy: Proxy, broker: Broker
) -> None:
    bench = open_bench(proxy)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (first,) = bench.take(1)
    proxy.cut()
    (second,) = bench.take(1)
    bench.settle(completion(first, b"stale"))
    bench.settle_and_wait(completion(second, b"fresh"))
    letters = broker.take(bench.settings.completed_queue)
    assert [letter.body for letter in letters] == [b"fresh"]
    assert len(bench.notices("Stale settlement dropped")) == 1


def test_a_delivery_that_was_not_taken_yet_is_gone_with_its_connection(
    open_bench: OpenBench, proxy: Proxy
) -> None:
    bench = open_bench(proxy)
    bench.declare()
    bench.publish(b"job-1")
    lane = bench.open()
    bench.telemetry.wait_for(Delivered)
    proxy.cut()
    lost, again = bench.telemetry.wait_for(Delivered, 2)
    assert again.delivery.generation == lost.delivery.generation + 1
    bench.until(lambda: [d.id for d in lane.take()] == [again.delivery], "the redelivery alone")


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends(
    open_bench: OpenBench, proxy: Proxy
) -> None:
    bench = open_bench(proxy)
    bench.declare()
    bench.open()
    bench.telemetry.wait_for(DependencyChanged, 1)
    proxy.refuse()
    bench.telemetry.wait_for(DependencyChanged, 2)
    proxy.admit()
    changes = bench.telemetry.wait_for(DependencyChanged, 3)
    assert [change.up for change in changes] == [True, False, True]
    assert [bool(change.reason) for change in changes] == [False, True, False]


def test_lanes_wait_for_a_broker_that_is_not_there_yet(open_bench: OpenBench, proxy: Proxy) -> None:
    proxy.refuse()
    bench = open_bench(proxy)
    bench.open()
    (change,) = bench.telemetry.wait_for(DependencyChanged, 1)
    assert not change.up
    proxy.admit()
    bench.until(lambda: len(bench.notices("Queue created")) == 5, "the topology")
    bench.publish(b"job-1")
    bench.settle_and_wait(*map(completion, bench.take(1)))


def test_a_confirm_that_was_lost_is_published_again_under_the_same_id(
    open_bench: OpenBench, proxy: Proxy, broker: Broker
) -> None:
    bench = open_bench(proxy)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (delivery,) = bench.take(1)
    proxy.cut_after(b"the outcome")
    bench.settle_and_wait(completion(delivery, b"the outcome"))
    assert proxy.cut_happened.is_set()
    letters = broker.take(bench.settings.completed_queue)
    assert 1 <= len(letters) <= 2
    assert {letter.properties.message_id for letter in letters} == {b"completed-job-1"}
    assert len(bench.telemetry.of(Released)) == 0
    bench.close()
    assert broker.ready(bench.settings.queue) == 0


def test_a_broker_restart_in_the_middle_loses_nothing(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(lanes=2)
    bench.declare()
    bench.publish(*(b"job-%d" % number for number in range(20)))
    bench.open()
    bench.settle_and_wait(*map(completion, bench.take(4)))
    broker.server.restart()
    done = {settled.settlement.subject.message_id for settled in bench.telemetry.of(Settled)}

    def work() -> bool:
        for lane in bench.opened.values():
            bench.settle(*map(completion, lane.take()))
        done.update(
            settled.settlement.subject.message_id for settled in bench.telemetry.of(Settled)
        )
        return len(done) == 20

    bench.until(work, "every message to be settled")
    letters = broker.take(bench.settings.completed_queue)
    assert {letter.properties.correlation_id for letter in letters} == {
        b"job-%d" % number for number in range(20)
    }
    bench.close()
    assert broker.ready(bench.settings.queue) == 0


def test_a_deleted_work_queue_is_created_again_and_consumed(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (delivery,) = bench.take(1)
    with broker.channel() as channel:
        channel.queue_delete(bench.settings.queue)
    bench.await_notice("Queue created")
    bench.settle_and_wait(completion(delivery))
    bench.await_notice("Lane opened anew")
    bench.publish(b"job-2")
    (second,) = bench.take(1)
    assert second.message_id == "job-2"
    bench.settle_and_wait(completion(second))


def test_a_queue_deleted_during_a_pause_is_created_again_on_resume(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(start_paused=True)
    bench.declare()
    bench.open()
    bench.telemetry.wait_for(DependencyChanged, 1)
    bench.await_declared()
    with broker.channel() as channel:
        channel.queue_delete(bench.settings.queue)
    bench.lanes.resume()
    bench.until(lambda: broker.exists(bench.settings.queue), "the queue to be there again")
    bench.publish(b"job-1")
    bench.settle_and_wait(*map(completion, bench.take(1)))


def test_a_worker_busy_for_more_than_two_heartbeats_keeps_its_connection(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    url = SecretStr(broker.url(broker.server.port, "?heartbeat=1"))
    bench.settings = bench.settings.model_copy(update={"amqp_url": url})
    bench.lanes = type(bench.lanes)(bench.settings, bench.telemetry)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (delivery,) = bench.take(1)
    busy_until = time.monotonic() + 4
    while time.monotonic() < busy_until:
        sum(range(10_000))
    bench.settle_and_wait(completion(delivery))
    assert [change.up for change in bench.telemetry.of(DependencyChanged)] == [True]


def test_a_connection_that_falls_silent_is_given_up_and_replaced(
    open_bench: OpenBench, broker: Broker, proxy: Proxy
) -> None:
    bench = open_bench(proxy)
    url = SecretStr(broker.url(proxy.port, "?heartbeat=1"))
    bench.settings = bench.settings.model_copy(update={"amqp_url": url})
    bench.lanes = type(bench.lanes)(bench.settings, bench.telemetry)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (first,) = bench.take(1)
    proxy.stall()
    bench.telemetry.wait_for(Released)
    proxy.flow()
    (second,) = bench.take(1)
    assert second.message_id == first.message_id
    bench.settle_and_wait(completion(second))


def test_a_channel_that_the_broker_closes_on_a_slow_lane_is_opened_again(
    open_bench: OpenBench, broker: Broker
) -> None:
    environment = 'application:set_env(rabbit, {}, {}), "set".'
    broker.control("eval", environment.format("channel_tick_interval", 100))
    broker.control("eval", environment.format("consumer_timeout", 500))
    try:
        bench = open_bench()
        bench.declare()
        bench.publish(b"job-1")
        bench.open()
        (first,) = bench.take(1)
        bench.telemetry.wait_for(Released)
    finally:
        broker.control("eval", environment.format("consumer_timeout", 1_800_000))
        broker.control("eval", environment.format("channel_tick_interval", 60_000))
    assert "PRECONDITION_FAILED" in str(bench.await_notice("Lane channel closed").fields)

    def settled() -> bool:
        for lane in bench.opened.values():
            bench.settle(*map(completion, lane.take()))
        return len(bench.telemetry.of(Settled)) == 1

    bench.until(settled, "the redelivery to be settled")
    (redelivery,) = bench.telemetry.of(Settled)
    assert redelivery.settlement.delivery.generation > first.id.generation
    assert [change.up for change in bench.telemetry.of(DependencyChanged)] == [True]
