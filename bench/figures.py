"""What a benchmark gives: figures with their spread, ratios of rounds, and claims held to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure that was measured several times."""

    median: float
    low: float
    high: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    """The median of some values, and their range."""
    return Spread(median(values), min(values), max(values), len(values))


def ratio(ones: Sequence[float], others: Sequence[float]) -> Spread:
    """How many times the others the ones are: each round's ratio, so that its noise cancels out."""
    return spread([one / other for one, other in zip(ones, others, strict=True)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share, 0 to 1, of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; a cell is a figure, words, or nothing."""

    label: str
    cells: tuple[Spread | str | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures side by side; a column's name has its unit."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that must hold: a figure and the limit that it is held to."""

    text: str
    measured: Spread
    limit: float
    at_least: bool = False
    """Whether the limit is the least; else it is the most."""

    @property
    def holds(self) -> bool:
        """Whether the median keeps the limit."""
        value = self.measured.median
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that one benchmark gives."""

    tables: tuple[Table, ...]
    claims: tuple[Claim, ...] = field(default=())
