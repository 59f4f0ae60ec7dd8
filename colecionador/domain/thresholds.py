"""The limits of good quality: their defaults, where those come from, and what a plan may change."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits of good quality, each tried on real scenes, sharp and artificially worsened.

    On 47 sharp photographs from packages, 17 of them with a soft background, all limits together
    condemn one: a deep field of space, whose mean grey is 19.
    """

    blur_min: float = 20.0
    """Variance of the Laplacian of the whole frame. Sharp scenes had 36 and more; blurred by 0.5 %
    of the long side, 96 % are condemned. The popular 100 on the raw image would take 8 of 20."""
    blur_tile_min: float = 60.0
    """The same of the best tile, sharp scenes 85 and more. Blurred is what falls short of both."""
    motion_min: float = 0.1
    """Fine detail along the poorest direction, whole frame. Sharp scenes had 0.115 to 0.59; moved
    by 3 % of the long side in five directions, 96 % are condemned, where the Laplacian's limits
    find 34 %; by 5 %, 99 %; by 1.5 %, 70 %; by 1 %, which hardly shows, 16 %."""
    motion_tile_min: float = 0.17
    """The same of the best tile. Moved is what falls short of both: a panned shot, whose subject is
    sharp before a smeared ground, had 1.0."""
    brightness_min: float = 20.0
    """Mean grey, 0 to 255; the scenes had 61 to 209. Below this hardly a shape can be seen."""
    brightness_max: float = 245.0
    """Mean grey; above this nearly all is white."""
    p99_min: float = 82.0
    """99th percentile of grey, CleanVision's limit of 0.32; the scenes had 141 and more. Below this
    even the lights are dark."""
    p5_max: float = 242.0
    """5th percentile of grey, CleanVision's limit of 0.95; the scenes had 188 at most. Above this
    even the shadows are white."""
    contrast_min: float = 8.0
    """Standard deviation of grey; the flattest scene, a wood texture, had 11.7."""

    def changed(self, overrides: Mapping[str, float]) -> Thresholds:
        """The same with some limits replaced, by name."""
        return dataclasses.replace(self, **overrides)


HIGHEST: Mapping[str, float] = {
    **dict.fromkeys(("brightness_min", "brightness_max", "p99_min", "p5_max"), 255.0),
    "contrast_min": 255.0,
    "motion_min": 100.0,
    "motion_tile_min": 100.0,
    "blur_min": 1e6,
    "blur_tile_min": 1e6,
}
"""The greatest value of each limit; the least is 0."""


def threshold_problem(name: str, value: Any) -> str | None:
    """What is wrong with a limit that a plan sets, or None."""
    if name not in HIGHEST:
        return f"{name}: no such limit; there are {', '.join(sorted(HIGHEST))}"
    if type(value) not in (int, float) or not 0 <= value <= HIGHEST[name]:
        return f"{name} = {value}: must be a number from 0 to {HIGHEST[name]:g}"
    return None
