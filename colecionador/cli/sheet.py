"""`augment sheet`: an item's original and its stored variations, as a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from colecionador.cli.console import OUT
from colecionador.cli.errors import CommandError, UsageError
from colecionador.cli.plan import command_plan
from colecionador.cli.settings import command_settings
from colecionador.cli.sheet_file import check_suffix, write_sheet
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.plan import Plan
from colecionador.domain.settings import Settings, SettingsError
from colecionador.imaging.quality import findings, thresholds
from colecionador.imaging.version import plan_version
from colecionador.sheets.contents import Picture, Section, Sheet, picture, skipped
from colecionador.sheets.local import recipe
from connectors.postgres.reports import Job, JobReport, Result, read_item
from connectors.s3 import S3Store
from connectors.telemetry.fan_out import FanOut


def sheet(
    item: Annotated[int, typer.Argument(help="An item's id.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="FILE.html or FILE.png; default: sheet-ITEM.html."),
    ] = None,
) -> None:
    """Make a contact sheet of an item: its original and every variation, fetched and measured."""
    path = output or Path(f"sheet-{item}.html")
    check_suffix(path)
    settings = command_settings()
    plan = command_plan(settings.plan)
    report = _latest(settings, item)
    try:
        store = S3Store(settings, FanOut(()))
    except SettingsError as error:
        raise UsageError(str(error)) from None
    section = _section(report, store, plan, settings)
    write_sheet(Sheet(f"Item {item}", (section,)), path)
    OUT.print(str(path))


def _latest(settings: Settings, item: int) -> JobReport:
    """The item's latest job that is done, or else its latest."""
    reports = read_item(settings.database_url.get_secret_value(), item)
    if isinstance(reports, Failure):
        raise CommandError(reports.error)
    if not reports:
        raise CommandError(
            f"item {item} is not known: its message waits, or was never sent, or its id is wrong"
        )
    return next((one for one in reversed(reports) if one.job.status == "success"), reports[-1])


def _section(report: JobReport, store: S3Store, plan: Plan, settings: Settings) -> Section:
    job = report.job
    limits = plan.thresholds(job.categoria, thresholds(settings))
    recipes = {}
    if job.plan_version == plan_version(plan, settings):
        every = plan.variations(job.categoria, bad_quality=False)
        recipes = {variation.name: recipe(variation) for variation in every}

    def fetched(result: Result) -> Picture:
        return _variation(result, store, recipes.get(result.variation, ""))

    with ThreadPoolExecutor(settings.s3_pool) as pool:
        variations = tuple(pool.map(fetched, report.results))
    original = _fetched(store, "original", job.bucket, job.object_key, job.source_md5)
    found = () if original.scores is None else findings(original.scores, limits)
    return Section(
        title=f"{job.bucket}/{job.object_key}",
        facts=_facts(job, report.results),
        original=original,
        limits=limits,
        findings=found,
        variations=variations,
    )


def _facts(job: Job, results: Sequence[Result]) -> tuple[tuple[str, str], ...]:
    facts = [("categoria", job.categoria), ("job", f"{job.id}, {job.status}")]
    if job.error_type is not None:
        facts.append(("error", f"{job.error_type}: {job.error}"))
    if job.bad_quality is not None:
        recorded = "low: the nine base variations only" if job.bad_quality else "good"
        facts.append(("quality then", recorded))
    if job.plan_version is not None:
        facts.append(("plan", job.plan_version[:12]))
    places = {f"{one.bucket}/{one.object_key}".rpartition("/")[0] for one in results if one.bucket}
    return (*facts, *(("objects", place) for place in sorted(places)))


def _variation(result: Result, store: S3Store, note: str) -> Picture:
    if result.bucket is None or result.object_key is None:
        failure = Failure(ErrorType(result.error_type or "internal"), result.error or "")
        return skipped(result.variation, failure, note=note)
    return _fetched(store, result.variation, result.bucket, result.object_key, result.md5, note)


def _fetched(
    store: S3Store, name: str, bucket: str, object_key: str, md5: str | None, note: str = ""
) -> Picture:
    found = store.download(bucket, object_key, 2**40)
    if isinstance(found, Failure):
        return skipped(name, found, note=note)
    return picture(name, found.data, note=note, expected_md5=md5)
