"""How late the kernel may wake Bytewax's threads: they ask to be every millisecond, work or none.

A worker does so while it waits, and so does the main thread of a process with several workers, or
of a cluster: it only looks whether one of them has ended.
"""

from __future__ import annotations

import ctypes

WORKER_SLACK_NS = 1_000_000
"""Nothing of ours is looked at between two points of the grid of polls, which are 2 ms apart."""

MAIN_SLACK_NS = 50_000_000
"""The end of a process of several workers is seen as much later."""

_PR_SET_TIMERSLACK = 29


def allow_late_wakes(slack_ns: int) -> None:
    """Let the calling thread's waits, and those of threads that it starts, end so much late.

    A worker is then woken 500 times a second instead of 1,000, which is a fifth of what an idle
    process costs; a main thread 20 times, each of which takes Python's lock. Linux alone has such a
    slack (prctl(2)); elsewhere nothing changes. A wait that ends because something has happened
    ends at once, as ever.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_TIMERSLACK, slack_ns, 0, 0, 0)
