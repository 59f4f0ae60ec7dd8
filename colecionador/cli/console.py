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
