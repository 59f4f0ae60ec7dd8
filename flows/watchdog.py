"""The watchdog: ends a process in which a photo has been computing for too long.

A thread that hangs in a decoder cannot be ended alone. The process is; its deliveries come back as
suspects, and the one at fault hangs its child and is known by it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from colecionador.steps.pools import Pool

LOOK_SECONDS = 1.0


def watch_for_hangs(pool: Pool, limit_seconds: float, die: Callable[[BaseException], None]) -> None:
    """Call `die`, on a thread of its own, once a call of the pool has taken too long."""
    # A suspect's own deadline is the same; it must end its child first, not the process.
    limit_seconds += 2 * LOOK_SECONDS

    def watch() -> None:
        while not stopped.wait(LOOK_SECONDS):
            seconds = pool.longest_call_seconds()
            if seconds > limit_seconds:
                die(TimeoutError(f"a photo has been computing for {seconds:.0f} s"))

    stopped = threading.Event()
    threading.Thread(target=watch, name="watchdog", daemon=True).start()
