"""Servers that are restarted, or die, in the middle of the work."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import Sandbox
from sandbox.server import Server
from tests.fix_faults import (
    check_that_nothing_was_lost_or_counted,
    finish,
    wait_for_successes,
)
from tests.fix_flow import Flows
from tests.fix_messages import Message
from tests.fix_service import Service

ITEMS_A_FAULT = 15


def _restart(server: Server) -> None:
    server.restart()


def _crash(server: Server) -> None:
    server.kill()
    server.start()


FAULTS: tuple[Callable[[Server], None], ...] = (_restart, _crash)


def test_a_server_that_restarts_or_dies_in_the_middle_costs_nothing(
    servers: Sandbox, service: Service, flows: Flows
) -> None:
    flow = flows.start(service)
    sent: list[Message] = []
    for server in (servers.postgresql, servers.s3, servers.rabbitmq):
        for fault in FAULTS:
            done = len(sent)
            sent += service.submit(range(done + 1, done + 1 + ITEMS_A_FAULT))
            wait_for_successes(service, flow, done + 2)
            fault(server)
            wait_for_successes(service, flow, len(sent))
    finish(service, flows, flow)
    check_that_nothing_was_lost_or_counted(service, sent)
