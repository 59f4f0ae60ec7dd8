"""Which worker is this? Bytewax tells it to sources and sinks only.

A sink is built on every worker before the first value flows, so one notes the worker of its
thread, and starts what the process needs once; it then counts what each worker has handled, which
shows how the work spreads.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from colecionador.domain.events import Handled
from colecionador.domain.ports import Telemetry
from flows.timer_slack import allow_late_wakes


class WorkerTally(DynamicSink[Any]):
    """Counts per worker the values that it handled, and knows the worker of a thread."""

    def __init__(self, telemetry: Telemetry, start: Callable[[], None]) -> None:
        """`start` is called once in a process, when its first worker is built."""
        self.started = False
        self._telemetry = telemetry
        self._start = start
        self._lock = threading.Lock()
        self._index_of_thread: dict[int, int] = {}
        self._process = f"{socket.gethostname()}:{os.getpid()}"

    def build(
        self, step_id: str, worker_index: int, worker_count: int
    ) -> StatelessSinkPartition[Any]:
        """Note the worker of the calling thread."""
        self._index_of_thread[threading.get_ident()] = worker_index
        with self._lock:
            first, self.started = not self.started, True
        if first:
            self._start()
        allow_late_wakes()
        return _WorkerPartition(self._telemetry, worker_index)

    def current(self) -> str:
        """`hostname:process id:worker index` of the calling thread's worker."""
        return f"{self._process}:{self._index_of_thread[threading.get_ident()]}"


class _WorkerPartition(StatelessSinkPartition[Any]):
    def __init__(self, telemetry: Telemetry, worker_index: int) -> None:
        self._telemetry = telemetry
        self._worker_index = worker_index

    def write_batch(self, items: list[Any]) -> None:
        self._telemetry.emit(Handled(self._worker_index, len(items)))
