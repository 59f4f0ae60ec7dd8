"""`python -m sandbox run`: one command with its private servers around it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sandbox.process import Launch, Process
from sandbox.report import report
from sandbox.sandbox import Sandbox

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_SENT_BY_THE_TERMINAL = 0x80  # SI_KERNEL


class Interrupted(BaseException):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def run(command: Sequence[str]) -> int:
    """Start the servers, run the command, take the servers down; the command's exit code.

    SIGINT, SIGTERM and SIGHUP go on to the command, and its end ends everything; while the servers
    still start, they end it with 128 + signal number.
    """
    try:
        with interruptible(), Sandbox(report=report) as servers:
            return _run_among(servers, command)
    except Interrupted as interrupted:
        return interrupted.exit_code


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` on the first ending signal; later ones must not disturb the take-down."""

    def interrupt(number: int, _: FrameType | None) -> None:
        for each in ENDING_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_among(servers: Sandbox, command: Sequence[str]) -> int:
    awaited = {*ENDING_SIGNALS, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    process = Process(
        Launch(command, os.environ | servers.environment, directory=Path.cwd(), log=None)
    )
    while (exit_code := process.poll()) is None:
        received = signal.sigwaitinfo(awaited)
        # Ctrl-C reaches the command from the terminal, in whose foreground it runs beside us.
        if received.si_signo != signal.SIGCHLD and received.si_code != _SENT_BY_THE_TERMINAL:
            process.signal(signal.Signals(received.si_signo))
    return exit_code
