"""A peer that is stopped, or cut off without a word, does not hang the cluster for ever."""

from __future__ import annotations

import signal

from tests.fix_flow import Flows
from tests.fix_service import Service
from tests.invariants import check_invariants

ITEMS = range(1, 41)
PEER_SECONDS = 5


def test_a_cluster_whose_peer_is_stopped_ends_with_an_error_that_names_the_silent_lane(
    service: Service, flows: Flows
) -> None:
    sent = service.submit(ITEMS)
    first, second = flows.start_cluster(service, 2, peer_seconds=PEER_SECONDS)
    for flow in (first, second):
        flow.wait_for("Item processed")
    second.signal(signal.SIGSTOP)
    assert first.exit_code(PEER_SECONDS + 15) == 1
    (failure,) = first.found("Process failed")
    assert "was not heard" in failure["exception"]
    second.signal(signal.SIGCONT)
    assert second.exit_code() == 1
    flows.drain(service)
    assert check_invariants(service, sent).dead_letters == []
