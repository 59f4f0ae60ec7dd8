"""A process that cannot outlive the sandbox, whatever ends the sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals

import psutil

from sandbox.errors import SandboxError

_WARDEN = Path(__file__).with_name("warden.py")
_FREEZE_POLL_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run and how."""

    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path | None
    """Where its output goes; None: it shares ours, our standard input and our terminal."""
    takedown: Signals = SIGKILL
    """What ends it when the sandbox goes without a word; SIGKILL follows in any case."""
    holding: tuple[int, ...] = ()
    """Descriptors that stay open as long as it, or anything it started, runs."""


class Process:
    """A running command under its warden (`warden.py`). Methods may be called from any thread."""

    def __init__(self, launch: Launch) -> None:
        """Start it; `SandboxError` when not even the warden runs."""
        self._lifeline, theirs = socket.socketpair()
        with theirs:
            self._warden = _start_warden(launch, theirs)
        with self._lifeline.makefile("rb") as reports:
            pid = reports.readline()
        if not pid:
            self._warden.wait()
            self._lifeline.close()
            code = self._warden.returncode
            raise SandboxError(f"{launch.command[0]}: its warden ended with code {code}")
        self.pid = int(pid)
        """The command's own process id."""

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        code = self._warden.poll()
        if code is not None:
            self._lifeline.close()
        return code

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Its exit code once it and all its offspring are gone; None when time ran out."""
        try:
            self._warden.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None
        return self.poll()

    def signal(self, number: Signals) -> None:
        """Send the command, not its offspring, a signal; nothing happens when it has ended."""
        if self.poll() is None:
            _send(self.pid, number)

    def freeze(self) -> None:
        """Stop the command and all its offspring where they are; returns when all of them stand."""
        # A process stops a moment after its signal, and may have started another in that moment.
        while moving := [each for each in self._everything() if _moves(each)]:
            for process in moving:
                _send(process.pid, SIGSTOP)
            time.sleep(_FREEZE_POLL_SECONDS)

    def thaw(self) -> None:
        """Let everything that `freeze` stopped go on."""
        for process in self._everything():
            _send(process.pid, SIGCONT)

    def end(self) -> None:
        """Take it down with all its offspring, as when the sandbox dies, and wait for that."""
        self._lifeline.close()
        self._warden.wait()

    def _everything(self) -> list[psutil.Process]:
        if self.poll() is not None:
            return []
        return psutil.Process(self._warden.pid).children(recursive=True)


def _start_warden(launch: Launch, lifeline: socket.socket) -> subprocess.Popen[bytes]:
    session = "shared" if launch.log is None else "own"
    arguments = [str(lifeline.fileno()), str(int(launch.takedown)), session, *launch.command]
    output = None if launch.log is None else _open_log(launch.log)
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WARDEN), *arguments],
            env=launch.environment,
            cwd=launch.directory,
            stdin=None if output is None else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[lifeline.fileno(), *launch.holding],
            start_new_session=output is not None,
        )
    finally:
        if output is not None:
            os.close(output)


def _open_log(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)


def _moves(process: psutil.Process) -> bool:
    try:
        return process.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return False


def _send(pid: int, number: Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
