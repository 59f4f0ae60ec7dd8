"""Rounds of a comparison: as many as were asked for, or as fit into the time that there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def rounds(count: int, seconds: float, one: Callable[[], T]) -> list[T]:
    """The results of up to `count` rounds; after the first, none begins that may end too late."""
    started = time.monotonic()
    results = [one()]
    while len(results) < count:
        spent = time.monotonic() - started
        if spent + spent / len(results) > seconds:
            break
        results.append(one())
    return results
