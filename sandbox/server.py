"""What the three servers have in common: start, stop, and the faults that tests inject."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from sandbox import ports
from sandbox.errors import SandboxError
from sandbox.process import Launch, Process

_READY_DEADLINE_SECONDS = 60.0
_STOP_DEADLINE_SECONDS = 30.0
_POLL_SECONDS = 0.02
_LOG_TAIL_BYTES = 2_000


class Server(ABC):
    """One server with its own port and folder; both stay the same over every restart.

    `start`, `stop`, `kill` and `restart` return when it is done: ready by the server's own
    protocol, or gone with all its processes.
    """

    name: str
    """As people write it."""
    stop_signal: Signals = SIGTERM
    """Asks the server for an orderly end."""

    def __init__(self, directory: Path, holding: tuple[int, ...] = ()) -> None:
        """Reserve a port and make the folder; `holding` as in `Launch`."""
        self.host = ports.HOST
        self.directory = directory
        self.log = directory / "output.log"
        directory.mkdir(parents=True)
        self._holding = holding
        self._reserved = [ports.reserve()]
        self.port = self._reserved[0].number
        self._process: Process | None = None
        self._launched: list[Process] = []
        self._closed = False
        self._launching = threading.Lock()

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The `AUGMENT_*` variables that lead a client here."""

    @property
    def pid(self) -> int:
        """The server's process id; `SandboxError` when it does not run."""
        return self._running().pid

    def start(self) -> None:
        """Start it and wait until it answers; `SandboxError` with the end of its log otherwise."""
        if self._process is not None and self._process.poll() is None:
            raise SandboxError(f"{self.name} runs already: stop it first, or restart it")
        self._prepare()
        self._process = self._launch(self._command())
        self._wait_until(self._answers, self._process)

    def stop(self) -> None:
        """End it in its own orderly way, with its data kept."""
        process = self._running()
        process.thaw()
        process.signal(self.stop_signal)
        if process.wait(_STOP_DEADLINE_SECONDS) is None:
            process.end()
            raise SandboxError(f"{self.name} did not stop in time: killed instead")

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        process = self._running()
        process.signal(SIGKILL)
        process.wait()

    def pause(self) -> None:
        """Freeze all its processes: connections stay open, nothing answers."""
        self._running().freeze()

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._running().thaw()

    def restart(self) -> None:
        """Stop it where it runs, and start it on the same port with the same data."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self.start()

    def close(self) -> None:
        """Take it down for good, at any moment, also in the middle of `start` in another thread."""
        with self._launching:
            self._closed = True
        for process in reversed(self._launched):
            process.end()
        for port in self._reserved:
            port.release()

    @abstractmethod
    def _prepare(self) -> None:
        """Make whatever must be there before the server starts; repeated before each start."""

    @abstractmethod
    def _command(self) -> Launch:
        """How the server is started."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it answers by its own protocol; False while it does not yet."""

    def _launch(self, launch: Launch) -> Process:
        with self._launching:
            if self._closed:
                raise SandboxError(f"{self.name}: the sandbox is being taken down")
            self._launched = [each for each in self._launched if each.poll() is None]
            process = Process(launch)
            self._launched.append(process)
            return process

    def _running(self) -> Process:
        if self._process is None or self._process.poll() is not None:
            raise SandboxError(f"{self.name} does not run: start it first")
        return self._process

    def _wait_until(self, answers: Callable[[], bool], process: Process) -> None:
        deadline = time.monotonic() + _READY_DEADLINE_SECONDS
        while not answers():
            if (code := process.poll()) is not None:
                raise SandboxError(f"{self.name} ended with code {code}; {self._log_tail()}")
            if time.monotonic() > deadline:
                raise SandboxError(f"{self.name} does not answer; {self._log_tail()}")
            time.sleep(_POLL_SECONDS)

    def _log_tail(self) -> str:
        text = self.log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
        return f"the end of {self.log}:\n{text}"
