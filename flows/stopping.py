"""How a process ends: by a signal it drains, by an error it dies at once.

A Python signal handler runs between bytecodes of the main thread, which Bytewax may keep in native
code, for instance while it waits for a cluster peer. The C-level handler always writes to the
wake-up descriptor, so a thread of ours reads the signal there.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_PR_SET_PDEATHSIG = 1


def on_stop_signal(stop: Callable[[], None]) -> None:
    """Call `stop`, on a thread of its own, for each SIGTERM or SIGINT. For the main thread."""
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    for number in STOP_SIGNALS:
        signal.signal(number, _ignore)
    signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)

    def read() -> None:
        # The sending end is kept open by this reference for as long as the process lives.
        while sending.fileno() >= 0:
            if STOP_SIGNALS_BYTES & set(receiving.recv(64)):
                stop()

    threading.Thread(target=read, name="signals", daemon=True).start()


STOP_SIGNALS_BYTES = frozenset(int(number) for number in STOP_SIGNALS)


def deadly(
    report: Callable[[BaseException], None], abort: Callable[[], None]
) -> Callable[[BaseException], None]:
    """What ends this process at once with code 1: reports the error, lets go of the broker.

    Threads are not waited for: they would take further deliveries meanwhile. A cluster's other
    processes notice the closed links and end too.
    """

    def die(error: BaseException) -> None:
        try:
            report(error)
            abort()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(1)

    return die


def on_error(die: Callable[[BaseException], None]) -> None:
    """Call `die` as soon as the main thread ends with an exception."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        die(error)

    sys.excepthook = hook


def end_at_once_when_done() -> None:
    """Let the process end with 0 without taking the interpreter down.

    Work that a drain has given up may still compute in native code; its thread would be torn out
    of there, which C++ answers by aborting the process. To be called before all that is to be done
    at the end is registered, since it ends what comes after.
    """

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    atexit.register(end)


def end_with_testing_parent() -> None:
    """Get SIGTERM when `bytewax.testing` dies: it does not end its children itself."""
    parent = os.getppid()
    try:
        command = Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:
        return
    if b"bytewax.testing" in command:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Python's side of the signal: nothing, since the thread reads it."""
