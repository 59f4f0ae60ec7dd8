"""Heartbeats go on while photographs are computed, however long that takes."""

from __future__ import annotations

import pytest

from tests.fix_faults import (
    HEARTBEAT_SECONDS,
    Failpoints,
    Proxies,
    check_that_nothing_was_lost_or_counted,
)
from tests.fix_flow import IDLE_SECONDS, Flows
from tests.fix_service import DEADLINE_SECONDS, Service


def check_that_a_transform_keeps_its_delivery(
    service: Service, flows: Flows, proxies: Proxies, failpoints: Failpoints, seconds: float
) -> None:
    # The broker gives a connection up after two heartbeats that it has not heard.
    assert seconds > 3 * HEARTBEAT_SECONDS
    failpoints.compute_for(seconds)
    sent = service.submit([1])
    flow = flows.start(
        service,
        cpu_threads=1,
        exit_when_idle=IDLE_SECONDS,
        log_level="DEBUG",
        **proxies.settings(service),
    )
    assert flow.exit_code(within_seconds=seconds + DEADLINE_SECONDS) == 0, flow.tail()
    assert [line["redelivered"] for line in flow.found("Delivery received")] == [False]
    assert len(flow.found("Item processed")) == 1
    assert flow.found("Dependency down") == []
    books = check_that_nothing_was_lost_or_counted(service, sent)
    assert books.metrics[0]["transform_ms"] > 1000 * seconds


def test_a_transform_of_more_than_three_heartbeats_keeps_its_delivery(
    service: Service, flows: Flows, proxies: Proxies, failpoints: Failpoints
) -> None:
    check_that_a_transform_keeps_its_delivery(service, flows, proxies, failpoints, 7)


@pytest.mark.long
def test_a_transform_of_two_minutes_keeps_its_delivery(
    service: Service, flows: Flows, proxies: Proxies, failpoints: Failpoints
) -> None:
    check_that_a_transform_keeps_its_delivery(service, flows, proxies, failpoints, 120)
