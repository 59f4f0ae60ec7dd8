"""Who takes part in a comparison: the processes to start, and how to tell that they are ready."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from bench.free_ports import cluster_addresses
from bench.site import Site

READY_SECONDS = 60.0
OUTPUT_CHARACTERS = 2000
LOOK_SECONDS = 0.05
LANES = 4

FLOW = ("bytewax.run", "flows.augment")


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a comparison."""

    name: str
    modules: tuple[tuple[str, ...], ...]
    """The arguments of `python -m`, for each process."""
    consumers: int
    """How many the work queue has once all of them are ready."""
    in_flight: int
    """How many items it works on at once."""
    environment: Mapping[str, str] = field(default_factory=dict)
    confined: bool = False
    """Whether each process keeps to a core of its own; else the kernel moves its threads about."""


def service(workers: int = 1, name: str = "", flow: Sequence[str] = FLOW) -> Contender:
    """The service as one process."""
    arguments = ("-w", str(workers))
    return Contender(name or f"service -w {workers}", ((*flow, *arguments),), LANES, 16)


def cluster() -> Contender:
    """The service as a cluster of two processes."""
    addresses = cluster_addresses(2)
    modules = tuple((*FLOW, "-i", str(index), "-a", addresses) for index in range(2))
    return Contender("service -w 1 -p 2", modules, LANES, 16)


def replicas() -> Contender:
    """The service as two processes that know nothing of each other."""
    return Contender("service, 2 replicas", (FLOW, FLOW), 2 * LANES, 32)


def confined(contender: Contender) -> Contender:
    """The same, each process on a core of its own, as by `taskset` or a cpuset."""
    where = "on one core" if len(contender.modules) == 1 else "each on one core"
    return replace(contender, name=f"{contender.name}, {where}", confined=True)


def plain(items_at_once: int) -> Contender:
    """What a user would write instead."""
    words = "one at a time" if items_at_once == 1 else f"{items_at_once} overlapped"
    module = ("bench.plain_consumer", str(items_at_once))
    return Contender(f"plain consumer, {words}", (module,), 1, items_at_once)


class Running:
    """A contender's processes, from when they consume until its `with` ends."""

    def __init__(self, contender: Contender, site: Site) -> None:
        self._contender = contender
        self._site = site
        self._folder = tempfile.TemporaryDirectory()
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self._start()
            self._await_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def process_ids(self) -> list[int]:
        """Of the processes that were started."""
        return [process.pid for process in self._started]

    def check(self) -> None:
        """Raise `RuntimeError` with the end of its output where a process has ended."""
        if any(process.poll() is not None for process in self._started):
            raise RuntimeError(f"{self._contender.name} has ended:\n{self._output()}")

    def _start(self) -> None:
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith("BYTEWAX_")
        }
        environment = inherited | self._site.environment | dict(self._contender.environment)
        for index, arguments in enumerate(self._contender.modules):
            command = (*self._confinement(index), sys.executable, "-m", *arguments)
            # A session of its own, as a service has: Linux divides the cores by sessions, and two
            # replicas in one with the benchmark kept the S3 server from running for seconds.
            with self._log(index).open("wb") as log:
                self._started.append(
                    subprocess.Popen(
                        command, env=environment, stdout=log, stderr=log, start_new_session=True
                    )
                )

    def _confinement(self, index: int) -> Sequence[str]:
        if not self._contender.confined:
            return ()
        cores = sorted(os.sched_getaffinity(0))
        return ("taskset", "--cpu-list", str(cores[index % len(cores)]))

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while self._site.consumers() < self._contender.consumers:
            self.check()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._contender.name} does not consume:\n{self._output()}")
            time.sleep(LOOK_SECONDS)

    def _end(self) -> None:
        # What is in flight is of no use any more; a drain would render it all.
        for process in self._started:
            process.kill()
        for process in self._started:
            process.wait()
        self._folder.cleanup()

    def _output(self) -> str:
        logs = [self._log(index).read_text() for index in range(len(self._started))]
        return "\n".join(log[-OUTPUT_CHARACTERS:] for log in logs)

    def _log(self, index: int) -> Path:
        return Path(self._folder.name) / f"{index}.log"
