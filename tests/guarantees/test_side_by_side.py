"""The nine variations of one item run side by side, on all threads of the pool."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fix_flow import IDLE_SECONDS, Flows
from tests.fix_service import Service
from tests.invariants import THE_NINE, check_invariants

THREADS = 3
"""Nine variations are three times as many; not the machine's two cores by chance."""


def test_the_nine_variations_of_one_item_run_on_as_many_threads_as_the_pool_has(
    service: Service, flows: Flows, tmp_path: Path
) -> None:
    spans_file = tmp_path / "spans.jsonl"
    service.environment["RECORDED_SPANS"] = str(spans_file)
    sent = service.submit([1])
    flow = flows.start_module(
        service,
        *("bytewax.run", "tests.guarantees.recorded_flow"),
        cpu_threads=THREADS,
        exit_when_idle=IDLE_SECONDS,
    )
    assert flow.exit_code() == 0, flow.tail()
    books = check_invariants(service, sent)
    assert {(row["variation"], row["status"]) for row in books.results} >= {
        (name, "stored") for name in THE_NINE
    }
    spans = [json.loads(line) for line in spans_file.read_text().splitlines()]
    at_once = max(
        (
            {other["thread"] for other in spans if other["start"] <= moment <= other["end"]}
            for moment in (span["end"] for span in spans)
        ),
        key=len,
    )
    assert len(at_once) == THREADS
    assert len({span["thread"] for span in spans}) == THREADS
