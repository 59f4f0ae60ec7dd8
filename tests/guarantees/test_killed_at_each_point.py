"""kill -9 at each named point of an item's life: the next process finishes what is left."""

from __future__ import annotations

import signal

from tests.failpoints import POINTS
from tests.fix_faults import Failpoints, check_that_nothing_was_lost_or_counted
from tests.fix_flow import Flows
from tests.fix_service import Service


def test_a_process_that_is_killed_at_any_point_of_an_items_life_loses_and_doubles_nothing(
    service: Service, flows: Flows, failpoints: Failpoints
) -> None:
    sent = service.submit(range(1, 61))
    for point in POINTS:
        failpoints.kill_at(point, count=3)
        flow = flows.start(service, exit_when_idle=5)
        assert flow.exit_code() == -signal.SIGKILL, f"never came to {point}:\n{flow.tail()}"
    failpoints.kill_at(None)
    flows.drain(service)
    books = check_that_nothing_was_lost_or_counted(service, sent)
    # What was published and not acked was published again, under the same id.
    assert len(books.completions) > len(sent)
