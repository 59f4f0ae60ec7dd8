"""The broker, and lanes to try on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from colecionador.domain.settings import Settings
from tests.connectors.rabbitmq.bench import LaneBench
from tests.fix_broker import Broker, broker, proxy
from tests.fix_proxy import Proxy

__all__ = ["broker", "proxy"]

OpenBench = Callable[..., LaneBench]


@pytest.fixture
def open_bench(broker: Broker) -> Iterator[OpenBench]:
    """Opens lanes on queues of their own, directly or through a proxy; closes all in the end."""
    opened: list[tuple[LaneBench, Settings]] = []

    def open_one(through: Proxy | None = None, **changes: object) -> LaneBench:
        options_of_lanes = ("start_paused", "hand_back_seconds", "start_trace")
        names = [name for name in options_of_lanes if name in changes]
        options: dict[str, object] = {name: changes.pop(name) for name in names}
        settings = broker.settings(through.port if through else None, **changes)
        bench = LaneBench(broker, settings, options)
        opened.append((bench, settings))
        return bench

    yield open_one
    for bench, settings in opened:
        bench.close()
        broker.remove(settings)
