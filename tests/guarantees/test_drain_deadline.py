"""The deadline of a drain in the middle of native code: the process still ends with 0."""

from __future__ import annotations

from tests.fix_faults import check_that_nothing_was_lost_or_counted
from tests.fix_flow import Flows
from tests.fix_images import COLOUR_PHOTOGRAPHS, photograph_jpeg
from tests.fix_messages import message
from tests.fix_service import Service


def test_a_process_ends_with_zero_although_its_threads_still_compute(
    service: Service, flows: Flows
) -> None:
    large = photograph_jpeg(COLOUR_PHOTOGRAPHS[0], 6000, 4500)
    sent = [message(item_id) for item_id in range(1, 5)]
    for item_id in range(1, 5):
        service.put(item_id, large)
    service.send(sent)
    flow = flows.start(service, drain_seconds=0.1, log_level="DEBUG")
    flow.wait_for("Quality judged")
    flow.stop()
    assert service.jobs("success") < len(sent)
    flows.drain(service)
    check_that_nothing_was_lost_or_counted(service, sent)
