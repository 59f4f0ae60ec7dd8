"""kill -9 at any moment: the broker has what was unfinished, and the next run does it."""

from __future__ import annotations

import random
import time
from functools import partial
from itertools import cycle, islice

import pytest

from tests.fix_faults import check_that_nothing_was_lost_or_counted
from tests.fix_flow import Flow, Flows
from tests.fix_service import Service, wait_until
from tests.invariants import check_invariants

KILLS = 12
MOMENTS = (
    "Delivery received",
    "Downloaded",
    "Variation stored",
    "Committed",
    "Item processed",
)
"""Lines of the log upon which the process is killed, one after the other."""


def test_a_worker_that_is_killed_a_dozen_times_loses_and_doubles_nothing(
    service: Service, flows: Flows
) -> None:
    sent = service.submit(range(1, 61))
    for moment in islice(cycle(MOMENTS), KILLS):
        flow = flows.start(service, "-w", "2", log_level="DEBUG")
        flow.wait_for(moment)
        flow.kill()
    flows.drain(service, "-w", "2")
    books = check_invariants(service, sent)
    assert len(books.successes) == len(books.jobs) == 60
    assert len(books.results) == 540
    assert books.dead_letters == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("items", "longest_life_seconds"),
    [
        (150, 1.5),
        pytest.param(1000, 6.0, marks=(pytest.mark.long, pytest.mark.timeout(1200))),
    ],
)
def test_small_items_under_kills_at_random_moments_are_each_done_once_and_none_is_poison(
    service: Service, flows: Flows, items: int, longest_life_seconds: float
) -> None:
    moments = random.Random(items)
    sent = service.submit(range(1, items + 1))
    kills = 0
    while service.jobs("success") < items:
        flow = flows.start(service)
        # Each life settles something, so that there is an end, however slow the machine is.
        wait_until(partial(_has_settled, flow), "nothing was settled")
        # The moment of the kill is drawn, not awaited: it must be one that no event marks.
        time.sleep(moments.uniform(0.0, longest_life_seconds))
        flow.kill()
        kills += 1
    assert kills > 0
    flows.drain(service)
    assert check_that_nothing_was_lost_or_counted(service, sent).dead_letters == []


def _has_settled(flow: Flow) -> bool:
    return bool(flow.found("Item processed") or flow.found("Duplicate acknowledged"))
