"""Processes of the dataflow, as an operator starts them, and what their logs say.

`python -m bytewax.testing -p` always takes the ports from 2101 on: two of those at once collide.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from tests.fix_service import DEADLINE_SECONDS, Service
from tests.free_port import free_port

RUN = ("bytewax.run", "flows.augment")
TESTING = ("bytewax.testing", "flows.augment")
PROJECT = Path(__file__).parents[1]

IDLE_SECONDS = 0.5

TESTING_PORTS_LOCK = Path(tempfile.gettempdir()) / "colecionador-bytewax-testing.lock"

LogLine = dict[str, Any]


class Flow:
    """One process that was started, and with it whatever it starts."""

    def __init__(self, module: Sequence[str], environment: dict[str, str]) -> None:
        self.lines: list[LogLine] = []
        """The lines of the log so far."""
        self.output: list[str] = []
        """Whatever it wrote, lines of the log included."""
        self._changed = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env=environment,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def wait_for(self, event: str, count: int = 1, **fields: object) -> list[LogLine]:
        """The lines of this event with these fields, as soon as there are so many."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        with self._changed:
            while len(found := self.found(event, **fields)) < count:
                left = deadline - time.monotonic()
                waited = not self._ended and left > 0 and self._changed.wait(left)
                assert waited, f"{len(found)} of {count} {event!r} {fields} in\n{self.tail()}"
            return found

    def found(self, event: str, **fields: object) -> list[LogLine]:
        """The lines of this event with these fields so far."""
        wanted = {"event": event, **fields}
        return [line for line in list(self.lines) if wanted.items() <= line.items()]

    def exit_code(self, within_seconds: float = DEADLINE_SECONDS) -> int:
        """Its exit code, once it has ended and everything that it wrote is read."""
        try:
            code = self._process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {within_seconds} s:\n{self.tail()}") from None
        self._reader.join()
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started, not to what it has started."""
        self._process.send_signal(number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has; it must end with 0."""
        self.terminate()
        assert self.exit_code() == 0, self.tail()

    def kill(self) -> None:
        """End it, and it alone, with SIGKILL; returns when it is gone."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it with all that it started, however far they are."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def tail(self) -> str:
        """The end of what it wrote, for a message about a failed test."""
        return "".join(self.output[-25:])

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._changed:
                self.output.append(line)
                with suppress(ValueError):
                    self.lines.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Flows:
    """Starts the dataflow of a service, and ends whatever of it is left."""

    def __init__(self) -> None:
        self._started: list[Flow] = []
        self._testing_ports: IO[str] | None = None

    def start(self, service: Service, *arguments: str, **settings: object) -> Flow:
        """`python -m bytewax.run flows.augment` with these arguments; it runs until stopped."""
        return self.start_module(service, *RUN, *arguments, **settings)

    def start_cluster(self, service: Service, processes: int, **settings: object) -> list[Flow]:
        """So many processes of one cluster, by `-i` and `-a`."""
        addresses = cluster_addresses(processes)
        return [
            self.start(service, "-i", str(index), "-a", addresses, **settings)
            for index in range(processes)
        ]

    def start_module(self, service: Service, *module: str, **settings: object) -> Flow:
        """`python -m` with these arguments; `settings` are those of the flow, without prefix."""
        if module[: len(TESTING)] == TESTING:
            self._take_testing_ports()
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AUGMENT_", "BYTEWAX_"))
        }
        named = {f"AUGMENT_{name.upper()}": str(value) for name, value in settings.items()}
        flow = Flow(module, inherited | service.environment | named)
        self._started.append(flow)
        return flow

    def _take_testing_ports(self) -> None:
        """Wait until no other test has the ports of `bytewax.testing`; hold them until `close`."""
        if self._testing_ports is None:
            self._testing_ports = TESTING_PORTS_LOCK.open("w")
            fcntl.flock(self._testing_ports, fcntl.LOCK_EX)

    def drain(self, service: Service, *arguments: str, **settings: object) -> Flow:
        """Run the dataflow until there is no more work; it must end with 0."""
        flow = self.start(service, *arguments, exit_when_idle=IDLE_SECONDS, **settings)
        assert flow.exit_code() == 0, flow.tail()
        return flow

    def close(self) -> None:
        """End all that still run."""
        for flow in self._started:
            flow.close()
        if self._testing_ports is not None:
            self._testing_ports.close()


def cluster_addresses(processes: int) -> str:
    """Addresses on loopback for the processes of a cluster, as `-a` takes them."""
    return ";".join(f"localhost:{free_port()}" for _ in range(processes))


@pytest.fixture
def flows() -> Iterator[Flows]:
    """Starts dataflows; none outlives the test."""
    started = Flows()
    try:
        yield started
    finally:
        started.close()
