"""Sizes as people read them."""

from __future__ import annotations


def bytes_text(count: float) -> str:
    """A size for people.

    >>> bytes_text(999), bytes_text(4_073_454)
    ('999 B', '4.1 MB')
    """
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
