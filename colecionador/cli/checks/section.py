"""What a check found: a section of lines, each right, wrong with its remedy, or worth knowing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """Of one line."""

    RIGHT = "✓"
    WRONG = "✗"
    NOTE = "·"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was seen, and where it is wrong the remedy."""

    verdict: Verdict
    subject: str
    seen: str


@dataclass(frozen=True, slots=True)
class Section:
    """One subject with its lines. `title` says what and where, with version and latency."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> int:
        """How many lines are wrong."""
        return sum(finding.verdict is Verdict.WRONG for finding in self.findings)


def right(subject: str, seen: str) -> Finding:
    """A line that is as it should be."""
    return Finding(Verdict.RIGHT, subject, seen)


def wrong(subject: str, seen: str) -> Finding:
    """A line that needs the remedy that `seen` names."""
    return Finding(Verdict.WRONG, subject, seen)


def note(subject: str, seen: str) -> Finding:
    """A line that is no fault, and worth knowing."""
    return Finding(Verdict.NOTE, subject, seen)
