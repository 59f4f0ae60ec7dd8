"""How late the kernel may wake a worker: Bytewax asks it to every millisecond, work or none."""

from __future__ import annotations

import ctypes

SLACK_NS = 1_000_000
"""Nothing of ours is looked at between two points of the grid of polls, which are 2 ms apart."""

_PR_SET_TIMERSLACK = 29


def allow_late_wakes() -> None:
    """Let the calling thread's waits, and those of threads that it starts, end a millisecond late.

    A worker is then woken 500 times a second instead of 1,000, which is a fifth of what an idle
    process costs. Linux alone has such a slack (prctl(2)); elsewhere nothing changes. A wait that
    ends because something has happened ends at once, as ever.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_TIMERSLACK, SLACK_NS, 0, 0, 0)
