"""Where commands write their results: stdout, as plain unwrapped lines where it is no terminal."""

from __future__ import annotations

import sys
from typing import Literal

from rich.console import Console
from rich.table import Table

UNWRAPPED = 10_000
"""Columns: a file or a pipe gets each row on one line."""

# Texts from outside are shown as they are: no markup, no emoji codes.
OUT = Console(
    highlight=False,
    markup=False,
    emoji=False,
    soft_wrap=True,
    width=None if sys.stdout.isatty() else UNWRAPPED,
)


def table(*columns: str) -> Table:
    """An empty table in the house style; columns named with a leading `>` are numbers."""
    made = Table(box=None, pad_edge=False)
    for column in columns:
        name = column.removeprefix(">")
        justify: Literal["left", "right"] = "left" if name == column else "right"
        made.add_column(name, justify=justify, header_style="dim", overflow="fold")
    return made


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
