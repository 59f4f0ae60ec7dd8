"""New item ids are sequential; at the default settings their work spreads over a cluster."""

from __future__ import annotations

from collections import Counter, defaultdict

from colecionador.domain.settings import Settings
from tests.fix_flow import IDLE_SECONDS, TESTING, Flows
from tests.fix_service import Service
from tests.invariants import check_invariants

ITEMS = range(1, 103)


def test_sequential_ids_spread_over_two_processes_and_a_range_stays_on_one_worker(
    service: Service, flows: Flows
) -> None:
    range_size = Settings.model_fields["range_size"].default
    assert range_size > 1
    sent = service.submit(ITEMS)
    flow = flows.start_module(service, *TESTING, "-p", "2", exit_when_idle=IDLE_SECONDS)
    assert flow.exit_code() == 0, flow.tail()
    books = check_invariants(service, sent)
    items = {row["id"]: row["item_id"] for row in books.jobs}
    workers_of_range = defaultdict(set)
    items_of_process: Counter[str] = Counter()
    for row in books.metrics:
        _host, process, _index = row["worker"].rsplit(":", 2)
        items_of_process[process] += 1
        workers_of_range[(items[row["job_id"]] - 1) // range_size].add(row["worker"])
    assert all(len(workers) == 1 for workers in workers_of_range.values())
    assert len(items_of_process) == 2
    assert min(items_of_process.values()) >= len(sent) / 3
