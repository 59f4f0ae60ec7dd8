"""Numbers as a sheet writes them, in HTML and in PNG alike."""

from __future__ import annotations

from dataclasses import dataclass

from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.quality import Scores


@dataclass(frozen=True, slots=True)
class Measure:
    """One score beside its limit."""

    name: str
    score: float
    sign: str
    """Of what is good: `≥` or `≤` the limit."""
    limit: float

    @property
    def is_good(self) -> bool:
        """Whether this score alone is within its limit."""
        return self.score >= self.limit if self.sign == "≥" else self.score <= self.limit

    @property
    def text(self) -> str:
        """The score, rounded to what matters."""
        return f"{self.score:.3f}" if self.name.startswith("motion") else f"{self.score:.0f}"


def measures(scores: Scores, limits: Thresholds) -> tuple[Measure, ...]:
    """Every score beside its limit; brightness has two."""
    return (
        Measure("blur", scores.blur, "≥", limits.blur_min),
        Measure("blur, best tile", scores.blur_tile, "≥", limits.blur_tile_min),
        Measure("motion", scores.motion, "≥", limits.motion_min),
        Measure("motion, best tile", scores.motion_tile, "≥", limits.motion_tile_min),
        Measure("brightness", scores.brightness, "≥", limits.brightness_min),
        Measure("brightness", scores.brightness, "≤", limits.brightness_max),
        Measure("p5", scores.p5, "≤", limits.p5_max),
        Measure("p99", scores.p99, "≥", limits.p99_min),
        Measure("contrast", scores.contrast, "≥", limits.contrast_min),
    )


def short_scores(scores: Scores) -> str:
    """The scores of a variation, in one line."""
    return (
        f"blur {scores.blur:.0f}, motion {scores.motion:.2f}, "
        f"brightness {scores.brightness:.0f}, contrast {scores.contrast:.0f}"
    )
