"""One job for people to read: what came in, what was made of it, and where the time went."""

from __future__ import annotations

from colecionador.cli.console import OUT, table
from colecionador.domain.sizes import bytes_text
from connectors.postgres.reports import Job, JobReport, Metrics, Result


def print_job(report: JobReport) -> None:
    """Print a job, its variations and its timings."""
    job = report.job
    OUT.print(f"Job {job.id}: item {job.item_id}, {job.categoria}, {job.status}", style="bold")
    for name, value in _facts(job):
        OUT.print(f"  {name:<9} {value}")
    if report.metrics is not None:
        OUT.print(f"  {'time':<9} {_times(report.metrics)}")
        OUT.print(f"  {'worker':<9} {report.metrics.worker}")
    if report.results:
        _print_results(report.results)
    OUT.print()


def _facts(job: Job) -> list[tuple[str, str]]:
    facts = [("message", job.message_id), ("source", f"{job.bucket}/{job.object_key}")]
    if job.source_bytes is not None:
        size = f"{job.source_width}×{job.source_height}, {bytes_text(job.source_bytes)}"
        facts.append(("", f"{size}, MD5 {job.source_md5}"))
    if job.blur is not None:
        verdict = "low quality: the nine base variations only" if job.bad_quality else "good"
        scores = (
            f"blur {job.blur:.1f}, brightness {job.brightness:.1f}, contrast {job.contrast:.1f}"
        )
        facts.append(("quality", f"{verdict} ({scores})"))
    facts.append(("attempts", f"{job.attempts}"))
    # A success keeps the error of an attempt before it.
    if job.error_type is not None:
        label = "had" if job.status == "success" else "error"
        facts.append((label, f"{job.error_type}: {job.error}"))
    if job.plan_version is not None:
        facts.append(("plan", job.plan_version[:12]))
    return facts


def _times(metrics: Metrics) -> str:
    parts = [
        (name.removesuffix("_ms"), getattr(metrics, name))
        for name in ("queue_ms", "download_ms", "decode_ms", "transform_ms", "encode_ms")
    ]
    parts += [("upload", metrics.upload_ms), ("total", metrics.total_ms)]
    return ", ".join(f"{name} {value:.0f} ms" for name, value in parts if value is not None)


def _print_results(results: tuple[Result, ...]) -> None:
    made = table("variation", ">size", ">bytes", ">ms", "object, or why it was skipped")
    for one in results:
        if one.status == "stored":
            where = f"{one.bucket}/{one.object_key}"
            size, count = f"{one.width}×{one.height}", bytes_text(one.bytes or 0)
        else:
            where, size, count = f"{one.error_type}: {one.error}", "", ""
        made.add_row(one.variation, size, count, f"{one.duration_ms or 0:.0f}", where)
    OUT.print(made)
