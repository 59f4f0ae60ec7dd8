"""What processes use: CPU, page faults and memory, of the service and of the servers apart.

Read from /proc: a process's figures include those of its children that have ended, so the sum over
a tree that lives misses nothing and counts nothing twice.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

SAMPLE_SECONDS = 0.1

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """What some processes have used so far."""

    cpu_seconds: float = 0.0
    faults: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu_seconds + other.cpu_seconds, self.faults + other.faults)


def usage(process_ids: Iterable[int]) -> Usage:
    """The sum over these processes and all that they have started."""
    total = Usage()
    for process_id in _trees(process_ids):
        total += _usage_of(process_id)
    return total


def peak_bytes(process_id: int) -> int:
    """The most memory that one process, without its children, has had resident."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * _KIB
    return 0


def resident_bytes(process_id: int) -> int:
    """The memory that one process has resident now."""
    return int(psutil.Process(process_id).memory_info().rss)


def listener(port: int) -> int:
    """The process that listens on a local TCP port. Raises `LookupError` where none does."""
    for connection in psutil.net_connections("tcp"):
        at = connection.laddr.port if connection.laddr else 0
        listens = connection.status == psutil.CONN_LISTEN and at == port
        if listens and connection.pid is not None:
            return connection.pid
    raise LookupError(f"nothing on this machine listens on port {port}; run: make bench")


@dataclass(frozen=True, slots=True)
class Load:
    """How much was used in a stretch of time."""

    seconds: float
    own: Usage
    """By the processes that are measured."""
    servers: Usage
    idle_seconds: float
    """In which a core had nothing to do, summed over the cores."""

    @property
    def left_seconds(self) -> float:
        """The core time that other programs left to these processes and the servers."""
        return self.own.cpu_seconds + self.servers.cpu_seconds + self.idle_seconds

    @property
    def busy(self) -> float:
        """The share of it that was used."""
        return 1 - self.idle_seconds / self.left_seconds if self.left_seconds else 0.0


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    own: Usage
    servers: Usage
    idle_seconds: float


class Meter:
    """Looks at the processes now and then, on a thread of its own, inside its `with`."""

    def __init__(self, own: Sequence[int], servers: Sequence[int]) -> None:
        self._own = own
        self._servers = servers
        self._samples: list[_Sample] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._samples.append(self._sample())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def load(self, start: float, end: float) -> Load:
        """What was used between two moments of `time.monotonic`, which must lie in the past."""
        self._samples.append(self._sample())
        first, last = self._at(start), self._at(end)
        return Load(
            end - start,
            _less(last.own, first.own),
            _less(last.servers, first.servers),
            last.idle_seconds - first.idle_seconds,
        )

    def _at(self, moment: float) -> _Sample:
        """What a sample at this moment would have been: on the line between its neighbours."""
        times = [sample.at for sample in self._samples]
        after = min(max(1, bisect(times, moment)), len(times) - 1)
        one, other = self._samples[after - 1], self._samples[after]
        share = (moment - one.at) / (other.at - one.at)
        return _Sample(
            moment,
            _between(one.own, other.own, share),
            _between(one.servers, other.servers, share),
            one.idle_seconds + share * (other.idle_seconds - one.idle_seconds),
        )

    def _look(self) -> None:
        while not self._stopping.wait(SAMPLE_SECONDS):
            self._samples.append(self._sample())

    def _sample(self) -> _Sample:
        own, servers = usage(self._own), usage(self._servers)
        return _Sample(time.monotonic(), own, servers, _idle_seconds())


def _less(one: Usage, other: Usage) -> Usage:
    return Usage(one.cpu_seconds - other.cpu_seconds, one.faults - other.faults)


def _between(one: Usage, other: Usage, share: float) -> Usage:
    cpu_seconds = one.cpu_seconds + share * (other.cpu_seconds - one.cpu_seconds)
    return Usage(cpu_seconds, round(one.faults + share * (other.faults - one.faults)))


def _idle_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.idle + times.iowait)


def _trees(process_ids: Iterable[int]) -> Iterable[int]:
    for process_id in process_ids:
        yield process_id
        yield from _trees(_children(process_id))


def _children(process_id: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{process_id}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    except OSError:
        return []  # it has just ended
    return found


def _usage_of(process_id: int) -> Usage:
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return Usage()
    # After the name, which may hold anything, from the third field of proc(5) on.
    fields = ["", "", "", *text.rpartition(")")[2].split()]
    faults = sum(int(fields[index]) for index in (10, 11, 12, 13))
    ticks = sum(int(fields[index]) for index in (14, 15, 16, 17))
    return Usage(ticks / _TICKS, faults)
