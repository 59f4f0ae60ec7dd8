"""A broker that goes away in the middle and comes back: the dataflow reconnects and finishes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox import RabbitMQ, Sandbox
from tests.fix_flow import IDLE_SECONDS, Flows
from tests.fix_service import Service
from tests.invariants import check_invariants


def _restart(broker: RabbitMQ) -> None:
    broker.restart()


def _crash(broker: RabbitMQ) -> None:
    broker.kill()
    broker.start()


@pytest.mark.parametrize("fault", [_restart, _crash], ids=["restart", "crash"])
def test_a_broker_that_comes_back_finds_everything_finished(
    servers: Sandbox, service: Service, flows: Flows, fault: Callable[[RabbitMQ], None]
) -> None:
    sent = service.submit(range(1, 81))
    flow = flows.start(service, "-w", "2", exit_when_idle=IDLE_SECONDS)
    flow.wait_for("Item processed", count=3)
    fault(servers.rabbitmq)
    assert flow.exit_code() == 0, flow.tail()
    assert flow.found("Dependency down", dependency="rabbitmq")
    assert len(flow.found("Dependency up", dependency="rabbitmq")) == 2
    books = check_invariants(service, sent)
    assert len(books.successes) == len(sent)
