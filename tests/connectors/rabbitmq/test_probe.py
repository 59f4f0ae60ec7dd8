"""The broker is asked by a real round trip on each connection of the process."""

from __future__ import annotations

import pytest

from colecionador.domain.events import DependencyCalled, DependencyChanged
from colecionador.domain.failures import Failure
from connectors.rabbitmq import round_trip
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_proxy import Proxy


def test_a_broker_that_opens_channels_is_there(open_bench: OpenBench) -> None:
    bench = open_bench()
    bench.open()
    bench.telemetry.wait_for(DependencyChanged)
    assert bench.lanes.probe() is None
    (called,) = bench.telemetry.of(DependencyCalled)
    assert (called.operation, called.succeeded) == ("probe", True)
    assert bench.lanes.silence() < 10


def test_without_a_lane_there_is_nothing_to_ask(open_bench: OpenBench) -> None:
    bench = open_bench()
    failure = bench.lanes.probe()
    assert isinstance(failure, Failure)
    assert failure.error == "RabbitMQ: no lane is open"
    assert bench.lanes.silence() == 0.0


def test_a_connection_that_is_lost_is_no_answer(open_bench: OpenBench, proxy: Proxy) -> None:
    bench = open_bench(proxy)
    bench.open()
    bench.telemetry.wait_for(DependencyChanged)
    proxy.refuse()
    proxy.cut()
    bench.telemetry.wait_for(DependencyChanged, 2)
    failure = bench.lanes.probe()
    assert isinstance(failure, Failure)
    (called,) = bench.telemetry.of(DependencyCalled)
    assert not called.succeeded


def test_a_broker_that_stands_still_is_no_answer_although_its_connections_are_open(
    open_bench: OpenBench, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_bench(proxy)
    bench.open()
    bench.telemetry.wait_for(DependencyChanged)
    assert bench.lanes.probe() is None
    monkeypatch.setattr(round_trip, "ANSWER_SECONDS", 0.2)
    proxy.stall()
    failure = bench.lanes.probe()
    proxy.flow()
    assert isinstance(failure, Failure)
    assert failure.error == "RabbitMQ: no answer within 0.2 s"
