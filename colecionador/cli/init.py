"""`augment init`: the queues, buckets and tables that are missing are made."""

from __future__ import annotations

from typing import Annotated

import typer

from colecionador.cli.console import OUT
from colecionador.cli.errors import CommandError
from colecionador.cli.settings import command_settings
from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings, SettingsError
from connectors.postgres.migrate import apply_migrations, load_migrations
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.stream_topology import declare_stream
from connectors.rabbitmq.topology import QueueState, declare_topology
from connectors.s3.buckets import create_missing_buckets


def init(
    stream: Annotated[
        str | None,
        typer.Option(
            help="Also a stream of this name, and a fanout exchange of the same name that leads to "
            "it and to the work queue: for producers that publish there instead."
        ),
    ] = None,
) -> None:
    """Create the queues, buckets and tables that are missing; safe to repeat.

    What exists is used as it is, also where it differs from what would be made.
    """
    settings = command_settings()
    # Each is tried whatever becomes of the others: one run shows all that is wrong.
    problems = [*_queues(settings, stream), *_buckets(settings), *_tables(settings)]
    if problems:
        raise CommandError("\n  ".join(("not everything is there yet:", *problems)))


def _queues(settings: Settings, stream: str | None) -> list[str]:
    try:
        queues = declare_topology(settings).queues
        if stream is not None:
            queues = (*queues, declare_stream(settings, stream))
    except BrokerError as error:
        return [str(error)]
    for queue in queues:
        difference = f" ({queue.difference})" if queue.state is QueueState.USED_AS_IT_IS else ""
        found = "there already" if queue.state is QueueState.AS_EXPECTED else str(queue.state)
        _say("stream" if queue.role == "stream" else "queue", queue.name, found + difference)
    return []


def _buckets(settings: Settings) -> list[str]:
    try:
        buckets = create_missing_buckets(settings)
    except SettingsError as error:
        return [str(error)]
    for bucket in buckets:
        if bucket.problem is None:
            _say("bucket", bucket.bucket, "created" if bucket.created else "there already")
    return [bucket.problem for bucket in buckets if bucket.problem is not None]


def _tables(settings: Settings) -> list[str]:
    applied = apply_migrations(settings.database_url.get_secret_value())
    if isinstance(applied, Failure):
        return [applied.error]
    for migration in load_migrations():
        _say("tables", migration.name, "applied" if migration in applied else "there already")
    return []


def _say(kind: str, name: str, found: str) -> None:
    OUT.print(f"{kind:<7} {name:<32} {found}")
