"""Pausing: no new deliveries, and what is held goes on."""

from __future__ import annotations

import time

import pytest

from colecionador.domain.events import Delivered, DependencyChanged, Released
from colecionador.domain.messages import DeliveryId
from connectors.rabbitmq.inbound import receive
from connectors.rabbitmq.properties import Properties
from connectors.rabbitmq.unsettled import Unsettled
from tests.connectors.rabbitmq.bench import completion
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker


def test_lanes_that_start_paused_consume_from_the_first_resume_on(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(start_paused=True)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    bench.telemetry.wait_for(DependencyChanged)
    assert broker.ready(bench.settings.queue) == 1
    bench.lanes.resume()
    (delivery,) = bench.take(1)
    assert not delivery.redelivered


def test_a_pause_lets_what_is_held_finish_and_takes_nothing_more(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(prefetch=1)
    bench.declare()
    bench.publish(b"job-1", b"job-2")
    bench.open()
    (held,) = bench.take(1)
    bench.lanes.pause()
    bench.settle_and_wait(completion(held))
    assert broker.ready(bench.settings.queue) == 1
    bench.lanes.resume()
    (second,) = bench.take(1)
    assert second.message_id == "job-2"
    assert not second.redelivered


def test_prefetch_bounds_what_a_lane_holds_also_after_pauses(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(prefetch=2)
    bench.declare()
    bench.publish(*(b"job-%d" % number for number in range(6)))
    bench.open()
    first, second = bench.take(2)
    for _ in range(3):
        bench.lanes.pause()
        bench.sync()
        bench.lanes.resume()
        bench.sync()
    bench.settle_and_wait(completion(first))
    assert len(bench.telemetry.of(Delivered)) == 2
    bench.settle_and_wait(completion(second))
    bench.take(2)
    assert broker.ready(bench.settings.queue) == 2


def test_deliveries_that_a_pause_keeps_too_long_go_back_once(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(hand_back_seconds=0.5)
    bench.declare()
    bench.publish(b"job-1")
    bench.open()
    bench.take(1)
    bench.lanes.pause()
    bench.telemetry.wait_for(Released)
    bench.until(lambda: broker.ready(bench.settings.queue) == 1, "the message to be back")
    bench.lanes.resume()
    (again,) = bench.take(1)
    assert again.redelivered
    bench.settle_and_wait(completion(again))
    assert len(bench.telemetry.of(Released)) == 1


def test_how_long_a_delivery_is_held_does_not_depend_on_the_clock_on_the_wall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = Unsettled()
    assert held.longest_held_seconds() == 0
    held.add(receive(DeliveryId("lane-000", 1, 1), False, Properties(), b"{}", time.time()))
    genuine = time.time
    monkeypatch.setattr(time, "time", lambda: genuine() + 3600)
    assert 0 <= held.longest_held_seconds() < 60
    held.let_go()
    assert held.longest_held_seconds() == 0
