"""Servers that go away and come back: work waits in place, costs no attempt, and goes on by itself.

A message has three attempts within one second here, so whatever counts as one would soon be a dead
letter.
"""

from __future__ import annotations

import time
from collections.abc import Callable

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
from tests.fix_proxy import Proxy
from tests.fix_service import Service

DEPENDENCIES = ("postgres", "s3", "rabbitmq")
RETRY_BASE_SECONDS = 0.33
ITEMS_A_FAULT = 12
LATER_ITEMS = 3
BACK_WITHIN_SECONDS = 5.0

Fault = Callable[[Proxy], object]
FAULTS: dict[str, tuple[Fault, Fault]] = {
    "refusing": (Proxy.refuse, Proxy.admit),
    "stalled": (Proxy.stall, Proxy.flow),
}


class Outages:
    """A flow behind proxies that works on and on while its servers fail."""

    def __init__(self, service: Service, flows: Flows, proxies: Proxies, **settings: str) -> None:
        self.service = service
        self.proxies = proxies
        self.sent: list[Message] = []
        self.flow: Flow = flows.start(
            service,
            retry_base_seconds=RETRY_BASE_SECONDS,
            **proxies.settings(service) | settings,
        )

    def submit(self) -> None:
        """Give the flow something to do, and wait until it does it."""
        done = len(self.sent)
        self._send(ITEMS_A_FAULT)
        wait_for_successes(self.service, self.flow, done + 1)

    def _send(self, items: int) -> None:
        first = len(self.sent) + 1
        self.sent += self.service.submit(range(first, first + items))

    def fail(self, dependency: str, fault: str, until: Callable[[], object]) -> float:
        """One outage in the middle of work; the seconds from its end to the next success."""
        break_it, mend_it = FAULTS[fault]
        self.submit()
        proxy = self.proxies.of(dependency)
        break_it(proxy)
        try:
            # Whatever was under way may be done: these meet the fault, and end only after it.
            self._send(LATER_ITEMS)
            until()
            done = self.service.jobs("success")
        finally:
            mend_it(proxy)
        mended = time.monotonic()
        wait_for_successes(self.service, self.flow, done + 1)
        seconds = time.monotonic() - mended
        wait_for_successes(self.service, self.flow, len(self.sent))
        return seconds

    def lines(self, dependency: str) -> list[str]:
        """What the log says of a server, in order."""
        return [
            line["event"]
            for line in list(self.flow.lines)
            if line["event"].startswith("Dependency ") and line["dependency"] == dependency
        ]


@pytest.fixture
def short_limits(failpoints: Failpoints) -> dict[str, str]:
    """Silences that are noticed within a second or two."""
    failpoints.shorten(answer=1, busy=2)
    return {"s3_timeout_seconds": "1"}


def test_servers_that_refuse_or_stall_cost_no_attempt_and_one_line_for_each_change(
    service: Service, flows: Flows, proxies: Proxies, short_limits: dict[str, str]
) -> None:
    outages = Outages(service, flows, proxies, **short_limits)
    for dependency in DEPENDENCIES:
        for count, fault in enumerate(FAULTS, start=1):

            def is_told(dependency: str = dependency, count: int = count) -> object:
                return outages.flow.wait_for("Dependency down", count, dependency=dependency)

            outages.fail(dependency, fault, is_told)
            outages.flow.wait_for("Dependency up", count + 1, dependency=dependency)
        told = outages.lines(dependency)
        assert told == ["Dependency up", *["Dependency down", "Dependency up"] * len(FAULTS)]
    finish(service, flows, outages.flow)
    check_that_nothing_was_lost_or_counted(service, outages.sent)


def test_what_a_long_outage_holds_goes_back_once_and_is_not_done_twice(
    service: Service,
    flows: Flows,
    proxies: Proxies,
    short_limits: dict[str, str],
    failpoints: Failpoints,
) -> None:
    failpoints.shorten(answer=1, busy=2, hand_back=2)
    outages = Outages(service, flows, proxies, **short_limits, log_level="DEBUG")

    def is_handed_back() -> object:
        return outages.flow.wait_for("Delivery released")

    outages.fail("s3", "refusing", is_handed_back)
    finish(service, flows, outages.flow)
    books = check_that_nothing_was_lost_or_counted(service, outages.sent)
    received = outages.flow.found("Delivery received")
    again = [line["message_id"] for line in received if line["redelivered"]]
    assert again
    assert len(set(again)) == len(again), "a message went back more than once"
    # Work whose delivery has gone back is given up: only the redelivery stores its variations.
    released = outages.flow.lines.index(outages.flow.found("Delivery released")[0])
    stored = [
        (line["item_id"], line["variation"])
        for line in outages.flow.lines[released:]
        if line["event"] == "Variation stored"
    ]
    assert len(set(stored)) == len(stored)
    assert len(books.completions) == len(outages.sent)


def test_a_process_drains_while_a_server_is_away(
    service: Service, flows: Flows, proxies: Proxies, short_limits: dict[str, str]
) -> None:
    outages = Outages(service, flows, proxies, **short_limits, drain_seconds="1")
    outages.submit()
    proxies.postgres.refuse()
    outages.flow.wait_for("Dependency down", dependency="postgres")
    outages.flow.stop()
    proxies.postgres.admit()
    flows.drain(service)
    check_that_nothing_was_lost_or_counted(service, outages.sent)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_after_a_minute_without_a_server_work_goes_on_within_five_seconds(
    service: Service, flows: Flows, proxies: Proxies, dependency: str, fault: str
) -> None:
    outages = Outages(service, flows, proxies)
    # The minute is what is tried: by its end whatever counts or times out has done so.
    seconds = outages.fail(dependency, fault, lambda: time.sleep(60))
    assert seconds < BACK_WITHIN_SECONDS
    outages.flow.wait_for("Dependency up", 2, dependency=dependency)
    assert len(outages.lines(dependency)) == 3
    finish(service, flows, outages.flow)
    check_that_nothing_was_lost_or_counted(service, outages.sent)
