"""Progress, on standard error: standard output belongs to the command."""

from __future__ import annotations

import sys


def report(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"sandbox: {line}\n")
    sys.stderr.flush()
