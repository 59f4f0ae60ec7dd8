"""A command on a terminal of its own, as a person has it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 60.0

# Who runs the tests in the background may have its children ignore Ctrl-C.
_PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from colecionador.cli import main
main()
"""


class Terminal:
    """What the command writes, and its process."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self.text = ""

    def await_text(self, pattern: str) -> str:
        """Read until what was written since the last call matches."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, f"no {pattern} in:\n{self.text[-3000:]}"
            if select.select([self._descriptor], [], [], 1.0)[0]:
                self.text += os.read(self._descriptor, 65536).decode()
        found, self.text = self.text, ""
        return found

    def interrupt(self) -> int:
        """What Ctrl-C sends, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def on_terminal(*arguments: str) -> Iterator[Terminal]:
    """`augment` on a terminal of 120 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "120", "LINES": "50", "TERM": "xterm"},
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
