"""kill -9 at any moment: the broker has what was unfinished, and the next run does it."""

from __future__ import annotations

from itertools import cycle, islice

from tests.fix_flow import Flows
from tests.fix_service import Service
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
