"""How lanes end: drained, out of work, closed, or dropped."""

from __future__ import annotations

import threading

import pytest

from colecionador.domain.events import Delivered, DependencyChanged, Released, Settled
from connectors.rabbitmq import queue_depths
from tests.connectors.rabbitmq.bench import LaneBench, completion, retry
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker
from tests.fix_proxy import Proxy


def test_a_drain_finishes_what_is_held_and_takes_nothing_more(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(prefetch=1)
    bench.declare()
    bench.publish(b"job-1", b"job-2", b"job-3")
    lane = bench.open()
    (held,) = bench.take(1)
    bench.lanes.drain()
    assert bench.lanes.draining
    bench.sync()
    assert not lane.ended
    bench.settle_and_wait(completion(held))
    bench.await_ended()
    assert len(bench.telemetry.of(Delivered)) == 1
    bench.close()
    with broker.channel() as channel:
        for expected in (b"job-2", b"job-3"):
            method, _, body = channel.basic_get(bench.settings.queue, auto_ack=True)
            assert method is not None
            assert (body, method.redelivered) == (expected, False)


def test_deliveries_that_nobody_took_before_the_drain_are_still_handed_out(
    open_bench: OpenBench,
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1", b"job-2")
    bench.open()
    bench.telemetry.wait_for(Delivered, 2)
    bench.lanes.drain()
    bench.settle_and_wait(*map(completion, bench.take(2)))
    bench.await_ended()
    assert bench.telemetry.of(Released) == ()


def test_after_the_deadline_of_a_drain_what_is_unfinished_goes_back(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(drain_seconds=0.2)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (held,) = bench.take(1)
    bench.lanes.drain()
    bench.await_ended()
    (released,) = bench.telemetry.of(Released)
    assert released.delivery == held.id
    bench.settle(completion(held))
    assert len(broker.take(bench.settings.queue, 1)) == 1
    bench.close()
    assert broker.take(bench.settings.completed_queue) == []


def test_a_drain_does_not_wait_for_a_broker_that_is_away(
    open_bench: OpenBench, proxy: Proxy
) -> None:
    proxy.refuse()
    bench = open_bench(proxy)
    bench.open()
    bench.telemetry.wait_for(DependencyChanged)
    bench.lanes.drain()
    bench.await_ended()


def test_a_lane_that_is_opened_during_a_drain_ends_at_once(open_bench: OpenBench) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.lanes.drain()
    bench.open()
    bench.await_ended()
    assert bench.telemetry.of(Delivered) == ()


def test_a_lane_without_work_ends_and_a_message_in_a_wait_room_is_work(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(exit_when_idle=0.2, retry_base_seconds=1.0)
    bench.declare()
    bench.publish(b"job-1")
    lane = bench.open()
    (first,) = bench.take(1)
    bench.settle_and_wait(retry(first, 1.0))
    (second,) = bench.take(1)
    assert not lane.ended
    bench.settle_and_wait(completion(second))
    bench.await_ended()
    assert broker.ready(bench.settings.queue) == 0


def test_a_lane_that_holds_a_delivery_goes_on_while_another_ends(open_bench: OpenBench) -> None:
    bench = open_bench(exit_when_idle=0.2, lanes=2)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    (held,) = bench.take(1)
    (other,) = [lane for name, lane in bench.opened.items() if name != held.id.lane]
    bench.until(lambda: other.ended, "the idle lane to end")
    assert not bench.opened[held.id.lane].ended
    bench.settle_and_wait(completion(held))
    bench.await_ended()


@pytest.mark.parametrize("round_", range(8))
def test_a_lane_never_ends_with_a_message_that_came_at_the_last_moment(
    open_bench: OpenBench, round_: int
) -> None:
    bench = open_bench(exit_when_idle=0.0)
    bench.declare()
    lane = bench.open()
    bench.until(lambda: lane.ended or _consumers(bench) == 1, "the consumer")
    # Sooner or later within the three samples of 50 ms after which the lane gives up.
    threading.Event().wait(0.02 * round_)
    bench.publish(b"job-1")

    def work() -> bool:
        ended = lane.ended
        deliveries = lane.take()
        assert not (ended and deliveries)
        bench.settle(*map(completion, deliveries))
        return ended

    bench.until(work, "the lane to end")
    assert len(bench.telemetry.of(Settled)) == len(bench.telemetry.of(Delivered))


def test_the_last_lane_of_a_process_closes_its_connections_and_its_thread(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(lanes=2)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    bench.take(1)
    bench.telemetry.wait_for(DependencyChanged)
    assert _connections(broker) == 2
    first, last = bench.opened.values()
    first.close()
    assert _io_threads() == 1
    last.close()
    assert _io_threads() == 0
    assert _connections(broker) == 0
    assert broker.ready(bench.settings.queue) == 1


def test_lanes_close_although_the_broker_answers_nothing(
    open_bench: OpenBench, proxy: Proxy
) -> None:
    bench = open_bench(proxy)
    bench.declare()
    bench.open()
    bench.telemetry.wait_for(DependencyChanged)
    proxy.stall()
    bench.close()
    assert _io_threads() == 0
    proxy.flow()


def test_an_abort_drops_everything_at_once(open_bench: OpenBench, broker: Broker) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    bench.take(1)
    bench.lanes.abort()
    assert _io_threads() == 0
    assert len(broker.take(bench.settings.queue, 1)) == 1


def _consumers(bench: LaneBench) -> int:
    return queue_depths(bench.broker.directly(bench.settings))[bench.settings.queue][1]


def _io_threads() -> int:
    return sum(thread.name == "rabbitmq-io" for thread in threading.enumerate())


def _connections(broker: Broker) -> int:
    listed = broker.control("list_connections", "client_properties").splitlines()
    return sum("augment " in line for line in listed)


def test_closing_waits_for_the_declaration_that_is_under_way(
    open_bench: OpenBench, proxy: Proxy
) -> None:
    proxy.slow_down(delay_seconds=0.01)
    bench = open_bench(proxy)
    bench.open()
    bench.until(lambda: bench.declaring, "the declaration to begin")
    bench.close()
    assert not bench.declaring
