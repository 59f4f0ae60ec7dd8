"""`augment preview`: what a plan would make of images on disk, as a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colecionador.cli.console import OUT
from colecionador.cli.errors import CommandError
from colecionador.cli.photographs import find_images, read_photograph
from colecionador.cli.plan import command_plan
from colecionador.cli.settings import command_settings
from colecionador.cli.sheet_file import check_suffix, write_sheet
from colecionador.domain.failures import Failure
from colecionador.domain.plan import Plan
from colecionador.domain.settings import Settings
from colecionador.sheets.contents import Section, Sheet
from colecionador.sheets.local import local_section


def preview(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Images, or folders to search for .jpg, .jpeg and .png."),
    ],
    categoria: Annotated[str, typer.Option(help="What is on them, e.g. moedas.")],
    plan: Annotated[
        Path | None, typer.Option(help="A plan file; without it, the one that is in force.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="FILE.html or FILE.png.")] = Path(
        "preview.html"
    ),
) -> None:
    """Render images on disk as the service would, into a contact sheet; needs no server.

    Each image is the item that `augment submit` would make of it, so the bytes are the same.
    """
    check_suffix(output)
    settings = command_settings()
    tried = command_plan(plan or settings.plan)
    sections, problems = [], []
    for path in find_images(paths):
        section = _section(path, categoria, tried, settings)
        if isinstance(section, Section):
            sections.append(section)
        else:
            problems.append(section)
    if sections:
        write_sheet(Sheet(f"Preview: {categoria}", tuple(sections)), output)
        OUT.print(str(output))
    if problems:
        raise CommandError("\n  ".join(problems))


def _section(path: Path, categoria: str, plan: Plan, settings: Settings) -> Section | str:
    """The image's part of the sheet, or why it has none."""
    try:
        photograph, data = read_photograph(path, None)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    section = local_section(
        path.name,
        data,
        item_id=photograph.item_id,
        categoria=categoria,
        plan=plan,
        settings=settings,
    )
    if isinstance(section, Failure):
        return f"{path}: {section.error_type}: {section.error}"
    return section
