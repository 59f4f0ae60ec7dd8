"""How long to wait before the next try: twice as long each time, with jitter, up to a limit."""

from __future__ import annotations

import random

FIRST_SECONDS = 0.1
LIMIT_SECONDS = 2.0
"""With the time that a connection takes to open, work goes on within 5 s of a broker's return."""


def backoff_seconds(
    tries: int, *, first: float = FIRST_SECONDS, limit: float = LIMIT_SECONDS
) -> float:
    """The wait after `tries` failed tries in a row (from 1), in seconds.

    Between half of it and all of it at random, so that many clients of one broker do not come
    back at the same moment.
    """
    longest = min(limit, first * 2.0 ** min(tries - 1, 30))
    return longest * (1 + random.random()) / 2  # noqa: S311 - spreads load, guards nothing
