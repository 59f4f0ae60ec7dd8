"""How much memory a process may take by its settings, against what there is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from colecionador.cli.checks.section import Finding, Section, note, right, wrong
from colecionador.domain.plan import PlanError, load_plan
from colecionador.domain.settings import MEBIBYTE, Settings
from colecionador.imaging.variations import check_operation

PROCESS_BYTES = 160 * MEBIBYTE
"""Python, Bytewax, OpenCV and the clients, before any photo (seen: 130 to 160 MiB)."""
BYTES_PER_PIXEL = 3
WORKING_COPIES = 5
"""What one variation may take beside its source, in sizes of the decoded photo."""

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class PhotoSize:
    """Of every photo that is in flight."""

    pixels: int
    file_bytes: int


ORDINARY = PhotoSize(12_000_000, 4 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one process holds at once, at most, in bytes."""

    pixels: int
    """The budget, or one photo that is larger than all of it."""
    working: int
    """A variation on every thread."""
    uploads: int
    """Every variation of every delivery in flight is encoded and waits for its upload."""

    @property
    def total(self) -> int:
        """With the process itself."""
        return PROCESS_BYTES + self.pixels + self.working + self.uploads


def demand(settings: Settings, photo: PhotoSize, variations: int) -> Demand:
    """The most that a process takes where every photo is of this size.

    A variation's file is taken to be as large as its source, which a delivery has no more by then.
    """
    in_flight = settings.lanes * settings.prefetch
    decoded = photo.pixels * BYTES_PER_PIXEL
    held = min(in_flight * decoded, max(settings.pixel_budget_bytes, decoded))
    return Demand(
        pixels=held,
        working=settings.cpu_threads * WORKING_COPIES * decoded,
        uploads=in_flight * variations * photo.file_bytes,
    )


def check_memory(settings: Settings) -> Section:
    """The demand of ordinary photos, and of the largest that the settings let pass."""
    available = available_bytes()
    variations = _most_variations(settings)
    ordinary = demand(settings, ORDINARY, variations)
    largest = demand(
        settings, PhotoSize(settings.max_pixels, settings.max_source_bytes), variations
    )
    title = f"Memory: {_size(available)} here, for one process"
    found = [
        _ordinary_finding(ordinary, available),
        _largest_finding(largest, available),
        note("of which pixels", f"{_size(settings.pixel_budget_bytes)} at once, by the budget"),
    ]
    return Section(title, tuple(found))


def available_bytes() -> int:
    """The machine's memory, or the container's limit where that is less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = _CGROUP_LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdigit() else machine


def _ordinary_finding(ordinary: Demand, available: int) -> Finding:
    subject = "photos of 12 megapixels and 4 MiB"
    seen = f"at most {_size(ordinary.total)}: {_parts(ordinary)}"
    if ordinary.total <= available:
        return right(subject, seen)
    return wrong(
        subject,
        f"{seen}; lower AUGMENT_LANES, AUGMENT_PREFETCH, AUGMENT_CPU_THREADS or "
        "AUGMENT_PIXEL_BUDGET_BYTES, or give it more",
    )


def _largest_finding(largest: Demand, available: int) -> Finding:
    subject = "all photos as large as they may be"
    seen = f"at most {_size(largest.total)}: {_parts(largest)}"
    if largest.total <= available:
        return right(subject, seen)
    return note(
        subject,
        f"{seen}; where such photos are to be expected, lower AUGMENT_MAX_PIXELS, "
        "AUGMENT_MAX_SOURCE_BYTES, AUGMENT_LANES or AUGMENT_PREFETCH",
    )


def _parts(one: Demand) -> str:
    return (
        f"pixels {_size(one.pixels)}, variations at work {_size(one.working)}, "
        f"uploads {_size(one.uploads)}, the process {_size(PROCESS_BYTES)}"
    )


def _most_variations(settings: Settings) -> int:
    """Of one item; the plan's own mistakes are another section's business."""
    try:
        plan = load_plan(settings.plan, check_operation)
    except (PlanError, OSError, UnicodeDecodeError):
        plan = load_plan(None, check_operation)
    return len(plan.base) + max((len(own) for _, own in plan.by_categoria), default=0)


def _size(count: int) -> str:
    mebibytes = count / MEBIBYTE
    return f"{mebibytes:.0f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"
