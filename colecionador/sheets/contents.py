"""What a contact sheet shows, whoever made the pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from colecionador.domain.failures import Failure
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import decode, read_header
from colecionador.imaging.quality import Scores, measure
from colecionador.sheets.thumbnail import Thumbnail, thumbnail


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the original, a variation, or one that is missing and why."""

    name: str
    note: str = ""
    """How it is made."""
    width: int = 0
    height: int = 0
    bytes: int = 0
    md5: str = ""
    scores: Scores | None = None
    thumbnail: Thumbnail | None = None
    problem: str = ""
    """Why there is nothing to see, or what is wrong with what there is."""


@dataclass(frozen=True, slots=True)
class Section:
    """One item: its original, the verdict on it, and its variations."""

    title: str
    facts: tuple[tuple[str, str], ...]
    original: Picture
    limits: Thresholds
    findings: tuple[str, ...]
    """Why the original is of low quality; none where it is good."""
    variations: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Items below one another."""

    title: str
    sections: tuple[Section, ...]


def picture(name: str, data: bytes, *, note: str = "", expected_md5: str | None = None) -> Picture:
    """A picture of a file's bytes, measured anew; damage, or another MD5, is its problem."""
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    header = read_header(data)
    image = header if isinstance(header, Failure) else decode(data, header)
    if isinstance(image, Failure):
        problem = f"{image.error_type}: {image.error}"
        return Picture(name, note, bytes=len(data), md5=md5, problem=problem)
    is_other = expected_md5 is not None and md5 != expected_md5
    return Picture(
        name,
        note,
        width=image.width,
        height=image.height,
        bytes=len(data),
        md5=md5,
        scores=measure(image),
        thumbnail=thumbnail(image),
        problem=f"MD5 is not the recorded {expected_md5}" if is_other else "",
    )


def skipped(name: str, failure: Failure, *, note: str = "") -> Picture:
    """A picture that does not exist."""
    return Picture(name, note, problem=f"{failure.error_type}: {failure.error}")
