"""How much is measured: the whole of it, or just enough to see that it runs."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers of rounds and of items."""

    rounds: int
    """At most; fewer on a machine that is slow or busy."""
    seconds: float
    """For the rounds of one comparison, the longest one; others take a share of it."""
    photos: int
    """Of 12 megapixels, in each run."""
    lead: int
    """How many of them are done before it is measured."""
    web_photos: int
    thumbnails: int
    bound_photos: int
    """On which the kernels alone are measured, twice in each round."""
    far_runs: int
    """With the published latencies, in each round, in turn with runs without."""
    alone: int
    """Items that find the system empty, in each round."""
    growth: tuple[int, ...]
    control_items: int
    complete: bool
    """Whether all is measured on large photographs and in every layout; else on medium ones alone
    where it is the same code, and none at the pixel limit."""


FULL = Scale(
    rounds=3,
    seconds=240,
    photos=12,
    lead=4,
    web_photos=60,
    thumbnails=250,
    bound_photos=4,
    far_runs=2,
    alone=3,
    growth=(100, 1000, 5000),
    control_items=10_000,
    complete=True,
)
QUICK = Scale(
    rounds=1,
    seconds=0,
    photos=2,
    lead=1,
    web_photos=8,
    thumbnails=40,
    bound_photos=1,
    far_runs=1,
    alone=1,
    growth=(50, 100, 200),
    control_items=1500,
    complete=False,
)


def scale() -> Scale:
    """`QUICK` where the environment asks for it with QUICK=1."""
    return QUICK if os.environ.get("QUICK", "") not in {"", "0"} else FULL
