"""Where a contact sheet goes: HTML or PNG, by the name of the file."""

from __future__ import annotations

from pathlib import Path

from colecionador.cli.errors import CommandError, UsageError
from colecionador.sheets.contents import Sheet
from colecionador.sheets.page import html_page
from colecionador.sheets.poster import png_poster

SUFFIXES = (".html", ".png")


def check_suffix(path: Path) -> None:
    """Raise `UsageError` unless the name says HTML or PNG; before the work, not after it."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"-o {path}: name a file that ends in {' or '.join(SUFFIXES)}")


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write the sheet, in the format that the name says."""
    try:
        if path.suffix.lower() == ".png":
            path.write_bytes(png_poster(sheet))
        else:
            path.write_text(html_page(sheet), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
