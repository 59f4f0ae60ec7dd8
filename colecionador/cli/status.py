"""`augment status`: where things stand, once or live, or what became of one item."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.live import Live

from colecionador.cli.console import OUT
from colecionador.cli.errors import CommandError, UsageError
from colecionador.cli.item_status import print_job
from colecionador.cli.service_tables import service_tables
from colecionador.cli.service_view import look_at_service
from colecionador.cli.settings import command_settings
from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings, SettingsError
from connectors.postgres.reports import read_item
from connectors.s3 import S3Store
from connectors.telemetry.fan_out import FanOut

RATE_MINUTES = 5
LIVE_RATE_MINUTES = 1
LIVE_SECONDS = 1.0


def status(
    item: Annotated[
        int | None, typer.Argument(help="An item's id; without it, all of the service.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Live, with the servers, until Ctrl-C.")
    ] = False,
) -> None:
    """Show queues, jobs by status, throughput and last errors; or one item's jobs in full."""
    settings = command_settings()
    if watch and item is not None:
        raise UsageError("--watch shows all of the service; leave the item out")
    if watch:
        _watch(settings)
    elif item is None:
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
    view = look_at_service(settings, None, minutes=RATE_MINUTES)
    OUT.print(service_tables(view, servers=False))
    problems = [server.problem for server in view.servers if server.problem is not None]
    if problems:
        raise CommandError("\n  ".join(problems))


def _watch(settings: Settings) -> None:
    """Look again and again. Where the output is no terminal, each look is printed below the last.

    A server that is down is shown as such, and the view goes on.
    """
    try:
        store = S3Store(settings, FanOut(()))
    except SettingsError as error:
        raise UsageError(str(error)) from None
    try:
        with Live(console=OUT, auto_refresh=False) as live:
            while True:
                view = look_at_service(settings, store, minutes=LIVE_RATE_MINUTES)
                tables = service_tables(view, servers=True)
                if OUT.is_terminal:
                    live.update(tables, refresh=True)
                else:
                    OUT.print(tables)
                time.sleep(LIVE_SECONDS)
    except KeyboardInterrupt:
        return
