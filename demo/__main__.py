"""`python -m demo`: make what is missing, submit photographs, run the dataflow, show what came."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from colecionador.cli.console import OUT
from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings, SettingsError, load_settings
from connectors.postgres.reports import JobReport, read_item
from connectors.rabbitmq.parameters import BrokerError
from demo.dataflow import run_dataflow
from demo.errors import DemoError
from demo.export import FOLDER, empty_folder, export_completions, export_objects, export_rows
from demo.photographs import photographs
from demo.summary import print_items, print_totals


def main() -> int:
    """Run the demonstration; 0 where every item is a success."""
    if "AUGMENT_AMQP_URL" not in os.environ:
        OUT.print("No servers are named; for private ones run: make demo")
        return 2
    try:
        return _demonstrate(load_settings())
    except (SettingsError, BrokerError, DemoError, OSError) as error:
        OUT.print(f"demo: {error}", style="bold red")
        return 1
    except KeyboardInterrupt:
        return 130


def _demonstrate(settings: Settings) -> int:
    database_url = settings.database_url.get_secret_value()
    folder = empty_folder()
    _augment("init")
    items = _submit()
    seconds = run_dataflow(list(items), database_url, folder / "dataflow.log")
    reports = [_report(database_url, item_id) for item_id in items]
    print_items(reports, items)
    objects = export_objects(settings, reports)
    export_rows(settings)
    completions = export_completions(settings)
    print_totals(reports, completions, seconds)
    _write_sheet(reports)
    _say_where(settings, objects)
    return 0 if all(report.job.status == "success" for report in reports) else 1


def _submit() -> dict[int, Path]:
    """Submit every photograph; the files by item id."""
    items: dict[int, Path] = {}
    for categoria, paths in photographs().items():
        first = len(items) + 1
        names = [str(path) for path in paths]
        _augment("submit", *names, "--categoria", categoria, "--item-id", str(first))
        items |= dict(enumerate(paths, start=first))
    return items


def _augment(*arguments: str) -> None:
    """Run the command that a user would run, and show it. Raises `DemoError` where it fails."""
    shown = " ".join(Path(word).name if "/" in word else word for word in arguments)
    OUT.print(f"$ augment {shown}")
    done = subprocess.run([sys.executable, "-m", "colecionador.cli", *arguments], check=False)
    if done.returncode != 0:
        raise DemoError(f"augment {arguments[0]} ended with exit code {done.returncode}")


def _report(database_url: str, item_id: int) -> JobReport:
    found = read_item(database_url, item_id)
    if isinstance(found, Failure):
        raise DemoError(found.error)
    if not found:
        raise DemoError(f"item {item_id} has no job; see {FOLDER}/dataflow.log")
    return found[-1]


def _write_sheet(reports: Sequence[JobReport]) -> None:
    """A contact sheet of one item, the one that became the most variations."""
    done = [report for report in reports if report.job.status == "success"]
    if done:
        fullest = max(done, key=lambda report: len(report.results))
        _augment("sheet", str(fullest.job.item_id), "-o", f"{FOLDER}/sheet.html")


def _say_where(settings: Settings, objects: int) -> None:
    OUT.print(
        f"Copies of it all, since private servers go away with their run, are in {FOLDER}/:\n"
        f"  {objects} objects   {settings.source_bucket}/ and {settings.training_bucket}/\n"
        f"  rows          augmentation_jobs.csv, …_results.csv, …_metrics.csv\n"
        f"  completions   {settings.completed_queue}.jsonl\n"
        f"  log           dataflow.log"
    )


if __name__ == "__main__":
    sys.exit(main())
