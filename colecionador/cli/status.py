"""`augment status`: where things stand, or what became of one item."""

from __future__ import annotations

from typing import Annotated

import typer

from colecionador.cli.console import OUT, table
from colecionador.cli.errors import CommandError
from colecionador.cli.item_status import print_job
from colecionador.cli.queue_depths import QueueDepth, queue_depths
from colecionador.cli.settings import command_settings
from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings
from connectors.postgres.reports import Overview, read_item, read_overview
from connectors.rabbitmq.parameters import BrokerError


def status(
    item: Annotated[
        int | None, typer.Argument(help="An item's id; without it, all of the service.")
    ] = None,
) -> None:
    """Show queues, jobs by status, throughput and last errors; or one item's jobs in full."""
    settings = command_settings()
    if item is None:
        _service(settings)
    else:
        _item(settings, item)


def _item(settings: Settings, item_id: int) -> None:
    jobs = read_item(settings.database_url.get_secret_value(), item_id)
    if isinstance(jobs, Failure):
        raise CommandError(jobs.error)
    if not jobs:
        raise CommandError(
            f"item {item_id} is not known: its message waits, or was never sent, or its id is wrong"
        )
    for job in jobs:
        print_job(job)


def _service(settings: Settings) -> None:
    """Show what can be had: half a picture is better than none when a server is down."""
    problems = []
    try:
        _print_queues(queue_depths(settings))
    except BrokerError as error:
        problems.append(str(error))
    overview = read_overview(settings.database_url.get_secret_value())
    if isinstance(overview, Failure):
        problems.append(overview.error)
    else:
        _print_jobs(overview)
        _print_errors(overview)
    if problems:
        raise CommandError("\n  ".join(problems))


def _print_queues(depths: list[QueueDepth]) -> None:
    made = table("queue", ">ready", ">consumers")
    for depth in depths:
        if depth.ready is None:
            made.add_row(depth.name, "missing", "")
        else:
            made.add_row(depth.name, f"{depth.ready}", f"{depth.consumers or ''}")
    OUT.print(made)
    OUT.print()


def _print_jobs(overview: Overview) -> None:
    made = table(">success", ">processing", ">failed", f">items/s over {overview.minutes} min")
    made.add_row(
        f"{overview.success}",
        f"{overview.processing}",
        f"{overview.failed}",
        f"{overview.items_per_second:.3g}",
    )
    OUT.print(made)


def _print_errors(overview: Overview) -> None:
    if not overview.last_errors:
        return
    OUT.print()
    OUT.print("Last errors", style="bold")
    for job in overview.last_errors:
        when = f"{job.failed_at:%Y-%m-%d %H:%M:%S}" if job.failed_at else ""
        OUT.print(
            f"{when}  item {job.item_id}  {job.status}, attempt {job.attempts}  "
            f"{job.error_type}: {job.error}",
        )
