"""The dataflow with every operation recorded: on which thread, from when to when.

    python -m bytewax.run tests.guarantees.recorded_flow

An operation waits until as many as the pool has threads are at work, so a pool that let one
variation wait for another would never go on: after a while they would fail, and be left out.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bytewax.dataflow import Dataflow

from colecionador.imaging.variations.operation import Operation
from colecionador.imaging.variations.registry import OPERATIONS
from flows.augment import flow as augment_flow

GIVE_UP_SECONDS = 20.0


def flow() -> Dataflow:
    """The dataflow; spans go to the file that `RECORDED_SPANS` names, a line of JSON each."""
    operations = cast(dict[str, Operation], OPERATIONS)
    together = threading.Barrier(int(os.environ["AUGMENT_CPU_THREADS"]), timeout=GIVE_UP_SECONDS)
    record = _recorder(Path(os.environ["RECORDED_SPANS"]))
    for name, operation in operations.items():
        in_planes = operation.apply_to_planes
        operations[name] = replace(
            operation,
            apply=_recorded(operation.apply, together, record),
            apply_to_planes=in_planes and _recorded(in_planes, together, record),
        )
    return augment_flow()


def _recorder(path: Path) -> Callable[[float, float], None]:
    lock = threading.Lock()

    def record(start: float, end: float) -> None:
        line = json.dumps({"thread": threading.get_ident(), "start": start, "end": end})
        with lock, path.open("a") as spans:
            spans.write(f"{line}\n")

    return record


def _recorded(
    apply: Callable[..., Any], together: threading.Barrier, record: Callable[[float, float], None]
) -> Callable[..., Any]:
    def recorded(*arguments: Any) -> Any:
        start = time.monotonic()
        together.wait()
        pixels = apply(*arguments)
        record(start, time.monotonic())
        return pixels

    return recorded
