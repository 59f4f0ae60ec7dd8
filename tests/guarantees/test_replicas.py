"""Replicas: processes that know nothing of each other share the queue, as they come and go."""

from __future__ import annotations

from collections import Counter

from tests.fix_faults import (
    check_that_nothing_was_lost_or_counted,
    finish,
    wait_for_successes,
)
from tests.fix_flow import Flows
from tests.fix_service import Service

FIRST, SECOND = range(1, 81), range(81, 141)


def test_of_three_replicas_one_is_killed_one_drained_and_one_added_and_the_work_is_shared(
    service: Service, flows: Flows
) -> None:
    replicas = [flows.start(service, lanes=2) for _ in range(3)]
    for flow in replicas:
        flow.wait_for("Dependency up", dependency="rabbitmq")
    killed, drained, staying = replicas
    sent = service.submit(FIRST)
    for flow in replicas:
        flow.wait_for("Item processed")
    killed.kill()
    added = flows.start(service, lanes=2)
    added.wait_for("Dependency up", dependency="rabbitmq")
    sent += service.submit(SECOND)
    added.wait_for("Item processed")
    drained.stop()
    wait_for_successes(service, staying, len(sent))
    staying.stop()
    finish(service, flows, added)
    books = check_that_nothing_was_lost_or_counted(service, sent)
    # `hostname:process:worker`
    shares = Counter(int(row["worker"].split(":")[1]) for row in books.metrics)
    assert set(shares) == {killed.pid, drained.pid, staying.pid, added.pid}
