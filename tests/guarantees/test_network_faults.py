"""A network that forgets connections, is slow, or damages what it carries."""

from __future__ import annotations

from tests.fix_faults import (
    Failpoints,
    Proxies,
    check_that_nothing_was_lost_or_counted,
    finish,
    wait_for_successes,
)
from tests.fix_flow import Flows
from tests.fix_service import Service


def test_connections_whose_other_ends_have_gone_without_a_word_cost_no_attempt(
    service: Service, flows: Flows, proxies: Proxies, failpoints: Failpoints
) -> None:
    failpoints.shorten(answer=1)
    flow = flows.start(
        service,
        s3_timeout_seconds=1,
        max_attempts=1,
        log_level="DEBUG",
        **proxies.settings(service),
    )
    sent = service.submit(range(1, 13))
    wait_for_successes(service, flow, len(sent))
    for proxy in (proxies.s3, proxies.postgres, proxies.rabbitmq):
        # All connections of the pools are open now, and none of them will be heard of again.
        proxy.abandon()
        first = len(sent) + 1
        sent += service.submit(range(first, first + 8))
        wait_for_successes(service, flow, len(sent))
    finish(service, flows, flow)
    check_that_nothing_was_lost_or_counted(service, sent)


def test_a_slow_network_that_damages_what_it_carries_costs_no_attempt(
    service: Service, flows: Flows, proxies: Proxies
) -> None:
    settings = proxies.settings(service)
    flow = flows.start(service, max_attempts=1, s3_timeout_seconds=5, **settings)
    proxies.s3.slow_down(0.01, octets_a_second=2e6)
    proxies.postgres.slow_down(0.05)
    proxies.rabbitmq.slow_down(0.05)
    proxies.s3.corrupt(pieces=4)
    sent = service.submit(range(1, 13))
    wait_for_successes(service, flow, len(sent))
    for proxy in (proxies.s3, proxies.postgres, proxies.rabbitmq):
        proxy.slow_down()
    finish(service, flows, flow)
    check_that_nothing_was_lost_or_counted(service, sent)
