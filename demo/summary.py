"""What came of the run: a row an item, and one line of totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from colecionador.cli.console import OUT, table
from colecionador.domain.sizes import bytes_text
from connectors.postgres.reports import JobReport


def print_items(reports: Sequence[JobReport], paths: Mapping[int, Path]) -> None:
    """The table of items, in the order of their ids."""
    made = table(">item", "categoria", "photograph", "status", ">time", ">variations", ">bytes")
    for report in reports:
        job, metrics = report.job, report.metrics
        made.add_row(
            f"{job.item_id}",
            job.categoria,
            paths[job.item_id].stem,
            job.status if job.error_type is None else f"{job.status} ({job.error_type})",
            f"{metrics.total_ms or 0:.0f} ms" if metrics else "",
            f"{_stored(report)}",
            bytes_text(_output_bytes(report)),
        )
    OUT.print()
    OUT.print(made)
    OUT.print()
    low = [paths[report.job.item_id].stem for report in reports if report.job.bad_quality]
    if low:
        OUT.print(f"of low quality, so without the variations of its categoria: {', '.join(low)}")


def print_totals(reports: Sequence[JobReport], completions: int, seconds: float) -> None:
    """One line."""
    success = sum(report.job.status == "success" for report in reports)
    stored = sum(_stored(report) for report in reports)
    size = bytes_text(sum(_output_bytes(report) for report in reports))
    OUT.print(
        f"{success} of {len(reports)} items success, {stored} variations ({size}), "
        f"{completions} completions, {seconds:.1f} s with start and idle time",
        style="bold",
    )


def _stored(report: JobReport) -> int:
    return sum(result.status == "stored" for result in report.results)


def _output_bytes(report: JobReport) -> int:
    return sum(result.bytes or 0 for result in report.results)
