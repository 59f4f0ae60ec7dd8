"""`python -m bench [NAME…]`: run the benchmarks, print their tables, write the results."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import (
    alone,
    control_plane,
    endpoints,
    growth,
    kernel_bound,
    largest,
    layouts,
    published,
    service,
    suspects,
    telemetry,
)
from bench.figures import Outcome
from bench.report import CONSOLE, print_outcome
from bench.results import Conditions, record
from bench.scale import QUICK, Scale, scale
from bench.servers import Servers, servers_of_environment

BENCHMARKS: Mapping[str, Callable[[Servers, Scale], Outcome]] = {
    "kernel_bound": kernel_bound.run,
    "service": service.run,
    "layouts": layouts.run,
    "published": published.run,
    "alone": alone.run,
    "largest": largest.run,
    "growth": growth.run,
    "control_plane": control_plane.run,
    "endpoints": endpoints.run,
    "telemetry": telemetry.run,
    "suspects": suspects.run,
}


def main(names: list[str]) -> int:
    """Run these benchmarks, or all; 2 where one is unknown or there are no servers."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        CONSOLE.print(f"bench: no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        try:
            servers = servers_of_environment(Path(folder))
        except LookupError as error:
            CONSOLE.print(f"bench: {error}")
            return 2
        for name in names or BENCHMARKS:
            _run(name, servers)
    return 0


def _run(name: str, servers: Servers) -> None:
    # What the one before has written would go to the disk during this one, before a confirm.
    os.sync()
    conditions, started, size = Conditions.now(), time.monotonic(), scale()
    outcome = BENCHMARKS[name](servers, size)
    print_outcome(outcome)
    path = record(name, outcome, conditions, quick=size is QUICK)
    seconds = time.monotonic() - started
    CONSOLE.print(f"{name} took {seconds:.0f} s; written to {path.name}\n", style="dim")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
