"""The parent's side of one rendering child: ask, wait until a deadline, and say how it died."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection

from colecionador.domain.failures import ErrorType, Failure
from colecionador.isolation.requests import Answer, Request

MEBIBYTE = 1024 * 1024


class RenderProcess:
    """One child. `ask` is for one thread at a time; `close` may come from another meanwhile."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "colecionador.isolation.child", str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self._connection = Connection(ours.detach())
        self._end: Failure | None = None
        self._reaping = threading.Lock()

    @property
    def alive(self) -> bool:
        """False once the child has died, or was killed."""
        return self._process.returncode is None

    @property
    def process_id(self) -> int:
        """The operating system's id of the child."""
        return self._process.pid

    def ask(self, request: Request, deadline: float) -> Answer:
        """The child's answer; `poison` where it dies, or is silent until `deadline` and is killed.

        `deadline` is of `time.monotonic`. A dead child answers with how it died.
        """
        if self._end is not None:
            return self._end
        started = time.monotonic()
        try:
            self._connection.send(request)
            if self._connection.poll(max(0.0, deadline - time.monotonic())):
                answer: Answer = self._connection.recv()
                return answer
        except (EOFError, OSError):
            return self._died(type(request).__name__, started)
        return self._hung(type(request).__name__, started)

    def close(self) -> None:
        """End the child."""
        if self.alive:
            self._process.kill()
            self._reap("close", None, time.monotonic())

    def _died(self, doing: str, started: float) -> Failure:
        return self._reap(doing, None, started)

    def _hung(self, doing: str, started: float) -> Failure:
        self._process.kill()
        return self._reap(doing, "did not end in time", started)

    def _reap(self, doing: str, how: str | None, started: float) -> Failure:
        with self._reaping:
            if self._end is None:
                self._connection.close()
                _, status, usage = os.wait4(self._process.pid, 0)
                code = self._process.returncode = os.waitstatus_to_exitcode(status)
                self._end = _poison(doing, how or _how(code), started, usage.ru_maxrss * 1024)
            return self._end


def _how(code: int) -> str:
    if code < 0:
        return f"ended its process by signal {-code} ({signal.Signals(-code).name})"
    return f"ended its process with code {code}"


def _poison(doing: str, how: str, started: float, peak_bytes: int) -> Failure:
    seconds = time.monotonic() - started
    return Failure(
        ErrorType.POISON,
        f"{doing.lower()} {how}, rendered alone, after {seconds:.1f} s with a peak of "
        f"{peak_bytes // MEBIBYTE} MiB; look at the image before sending it again",
    )
