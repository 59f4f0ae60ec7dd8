"""What is done at the end of a process, on a thread that was started before.

While the interpreter ends, Python 3.12 starts no thread any more, and the end is where a backend
may take too long for the thread that has to go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Ending:
    """One call on a thread of its own, which waits from the start of the process to its end."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry-ending", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Make the call now; returns at once."""
        self._begun.set()

    def wait(self, seconds: float) -> None:
        """Wait until the call has returned, for so long at most."""
        self._thread.join(seconds)

    def _run(self) -> None:
        self._begun.wait()
        self._function()
