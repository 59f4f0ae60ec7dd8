"""What native code and the interpreter write to stderr becomes lines of the log.

Bytewax is Rust and prints its panics itself; so do libraries of C. They know only file descriptor
2, so that becomes a pipe, read by a thread, and the log writes to where it pointed before. What
is written in one go is one line of the log. The traceback of a crash goes past the pipe, since no
thread reads it any more then.
"""

from __future__ import annotations

import faulthandler
import os
import select
import sys
import threading
from collections.abc import Callable
from typing import TextIO

import structlog

STDERR = 2
QUIET_SECONDS = 0.05
"""Writing has come to its end when nothing was written for so long."""
CLOSE_SECONDS = 0.5
CHUNK_BYTES = 64 * 1024


class StderrLines:
    """The stderr of this process; `stream` is the real one, for the log, whatever is captured."""

    def __init__(self) -> None:
        self._real = os.dup(STDERR)
        self.stream: TextIO = os.fdopen(
            self._real, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
        )

    def capture(self, write: Callable[[str], None]) -> None:
        """Let `write` have each text that is written from now on, on a thread of its own."""
        sys.stderr.flush()
        self._write = write
        self._reading, writing = os.pipe()
        os.dup2(writing, STDERR)
        os.close(writing)
        if faulthandler.is_enabled():
            faulthandler.enable(self.stream)
        self._closing = threading.Event()
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)
        self._thread = threading.Thread(target=self._read, name="stderr", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let stderr be as it was, and log what is left; waits half a second at most."""
        sys.stderr.flush()
        os.dup2(self._real, STDERR)
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)

    def _read(self) -> None:
        # A child of this process may hold the pipe open for longer than this process lives.
        while not self._closing.is_set() or self._is_readable(0.0):
            if self._is_readable(QUIET_SECONDS):
                text = self._burst()
                if not text:
                    return
                self._write(text.decode("utf-8", "backslashreplace").strip("\n"))

    def _burst(self) -> bytes:
        """All that is written until it is quiet for a moment."""
        text = os.read(self._reading, CHUNK_BYTES)
        while len(text) < CHUNK_BYTES and self._is_readable(QUIET_SECONDS):
            more = os.read(self._reading, CHUNK_BYTES)
            if not more:
                break
            text += more
        return text

    def _is_readable(self, seconds: float) -> bool:
        return bool(self._poll.poll(seconds * 1000))


def log_output(text: str) -> None:
    """Write what was captured to the log."""
    if text:
        structlog.get_logger().warning("Output on stderr", output=text)
