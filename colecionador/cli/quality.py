"""`augment quality`: the scores of images on disk against the thresholds, and why."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from colecionador.cli.console import OUT, table
from colecionador.cli.errors import CommandError
from colecionador.cli.photographs import find_images
from colecionador.cli.plan import command_plan
from colecionador.cli.settings import command_settings
from colecionador.domain.failures import Failure
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import decode
from colecionador.imaging.intake import accept
from colecionador.imaging.quality import Scores, findings, measure, thresholds

_COLUMNS = ("blur", "blur_tile", "motion", "motion_tile", "brightness", "p5", "p99", "contrast")


@dataclass(frozen=True, slots=True)
class Measured:
    """An image's scores, or why it has none."""

    path: Path
    scores: Scores | None
    findings: tuple[str, ...]


def quality(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Images, or folders to search for .jpg, .jpeg and .png."),
    ],
    categoria: Annotated[
        str, typer.Option(help="Judge by the limits that the plan has for it.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print the quality scores of images on disk, the verdict and its reasons; needs no server.

    Blur and motion condemn only where the best tile falls short as well. The exit code is 1 where
    an image does not decode; low quality is no error.
    """
    settings = command_settings()
    limits = command_plan(settings.plan).thresholds(categoria, thresholds(settings))
    measured = [_measured(path, limits, settings.max_pixels) for path in find_images(paths)]
    if as_json:
        for one in measured:
            print(orjson.dumps(_json(one)).decode())
    else:
        _print(measured, limits)
    unread = [f"{one.path}: {one.findings[0]}" for one in measured if one.scores is None]
    if unread:
        raise CommandError("\n  ".join(unread))


def _measured(path: Path, limits: Thresholds, max_pixels: int) -> Measured:
    try:
        data = path.read_bytes()
    except OSError as error:
        return Measured(path, None, (error.strerror or str(error),))
    header = accept(data, max_pixels)
    image = header if isinstance(header, Failure) else decode(data, header)
    if isinstance(image, Failure):
        return Measured(path, None, (f"{image.error_type}: {image.error}",))
    scores = measure(image)
    return Measured(path, scores, findings(scores, limits))


def _print(measured: list[Measured], limits: Thresholds) -> None:
    made = table("image", *(f">{name}" for name in _COLUMNS), "verdict")
    made.add_row("limits", *(_limits(limits, name) for name in _COLUMNS), "", style="dim")
    for one in measured:
        if one.scores is not None:
            scores = [f"{getattr(one.scores, name):.3g}" for name in _COLUMNS]
            verdict = "; ".join(one.findings) or "good"
            made.add_row(str(one.path), *scores, verdict, style="red" if one.findings else "")
    OUT.print(made)


def _limits(limits: Thresholds, name: str) -> str:
    """The limits of a score: at least, at most, or from to."""
    low, high = (getattr(limits, f"{name}_{bound}", None) for bound in ("min", "max"))
    if low is None or high is None:
        return f"≥ {low:g}" if low is not None else f"≤ {high:g}"
    return f"{low:g}–{high:g}"


def _json(one: Measured) -> dict[str, Any]:
    if one.scores is None:
        return {"path": str(one.path), "error": one.findings[0]}
    return {
        "path": str(one.path),
        "badQuality": bool(one.findings),
        "findings": one.findings,
        **dataclasses.asdict(one.scores),
    }
