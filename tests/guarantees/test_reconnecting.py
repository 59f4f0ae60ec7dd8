"""Connections that are lost again and again: each loss gives back all that the connection held."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import psutil
import pytest

from tests.fix_faults import (
    Failpoints,
    Proxies,
    check_that_nothing_was_lost_or_counted,
    finish,
    wait_for_successes,
)
from tests.fix_flow import Flow, Flows
from tests.fix_messages import Message
from tests.fix_service import Service, wait_until

WARM_UP_RECONNECTS = 6
SPARE = 3
"""What is opened only where chance asks for it, and then kept: a connection of the store's trial,
one more of its probe, and a second one of the broker while it closes the first."""
CONNECTIONS = {"rabbitmq": 2, "s3": 1, "postgres": 1}
"""How many of them a flow has at least; each is opened anew when it is cut."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds of the operating system."""

    descriptors: int
    connections: int
    threads: int
    children: int

    @classmethod
    def by(cls, flow: Flow) -> Self:
        """What the process of a flow holds now."""
        process = psutil.Process(flow.pid)
        return cls(
            process.num_fds(),
            len(process.net_connections("tcp")),
            process.num_threads(),
            len(process.children()),
        )

    def at_most(self, other: Held) -> bool:
        """Whether this is no more than the other, but for what is spare."""
        return (
            self.descriptors <= other.descriptors + SPARE
            and self.connections <= other.connections + SPARE
            and self.threads <= other.threads + SPARE
            and self.children <= other.children
        )


class Reconnecting:
    """A flow that works on while the connections to all of its servers are cut."""

    def __init__(self, service: Service, flows: Flows, proxies: Proxies) -> None:
        self.service = service
        self.proxies = proxies
        self.sent: list[Message] = []
        self.flow = flows.start(
            service,
            lanes=1,
            # As few as there may be, so that what is held does not depend on how busy it was.
            cpu_threads=1,
            database_pool=1,
            s3_pool=1,
            **proxies.settings(service),
        )

    def reconnect(self, times: int) -> None:
        """Cut every connection so many times, in turn at rest and in the middle of an item."""
        for _ in range(times // 2):
            before = self._cut()
            self.work()
            self._await_reconnections(before)

    def work(self) -> None:
        """One item that has its connections cut as soon as its photograph is asked for."""
        asked = self.proxies.s3.connections + 1
        self.sent += self.service.submit([len(self.sent) + 1])
        self.proxies.s3.wait_for_connections(asked)
        before = self._cut()
        wait_for_successes(self.service, self.flow, len(self.sent))
        self._await_reconnections(before)

    def _cut(self) -> dict[str, int]:
        """Cut everything; how many connections there had been by then, by server."""
        before = {name: self.proxies.of(name).connections for name in CONNECTIONS}
        for name in CONNECTIONS:
            self.proxies.of(name).cut()
        return before

    def _await_reconnections(self, before: dict[str, int]) -> None:
        for name, connections in CONNECTIONS.items():
            self.proxies.of(name).wait_for_connections(before[name] + connections)


def check_that_reconnecting_leaks_nothing(
    service: Service, flows: Flows, proxies: Proxies, reconnects: int
) -> None:
    reconnecting = Reconnecting(service, flows, proxies)
    flow = reconnecting.flow
    flow.wait_for("Dependency up", dependency="s3")
    reconnecting.reconnect(WARM_UP_RECONNECTS)
    warm = Held.by(flow)
    let_in = {name: proxies.of(name).connections for name in CONNECTIONS}
    reconnecting.reconnect(reconnects)
    for name, connections in CONNECTIONS.items():
        assert proxies.of(name).connections >= let_in[name] + reconnects * connections
    with suppress(AssertionError):
        # What was cut last may still be on its way out.
        wait_until(lambda: Held.by(flow).at_most(warm), "more is held")
    held = Held.by(flow)
    assert held.at_most(warm), f"{held} after {reconnects} reconnects, {warm} before"
    finish(service, flows, flow)
    check_that_nothing_was_lost_or_counted(service, reconnecting.sent)


@pytest.fixture(autouse=True)
def _short_backoff(failpoints: Failpoints) -> None:
    """The broker is asked again at once, however often it was lost."""
    failpoints.shorten(reconnect=0.1)


def test_nothing_is_leaked_over_a_dozen_reconnects_to_each_server(
    service: Service, flows: Flows, proxies: Proxies
) -> None:
    check_that_reconnecting_leaks_nothing(service, flows, proxies, 12)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_nothing_is_leaked_over_a_thousand_reconnects_to_each_server(
    service: Service, flows: Flows, proxies: Proxies
) -> None:
    check_that_reconnecting_leaks_nothing(service, flows, proxies, 1000)
