"""The service's view as tables and lines, the same for one look and for the live one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from colecionador.cli.console import table
from colecionador.cli.service_view import ServiceView
from connectors.postgres.reports import Job


def service_tables(view: ServiceView, *, servers: bool) -> Group:
    """Queues, jobs, last errors, and the servers where they are wanted."""
    return Group(*_parts(view, servers))


def _parts(view: ServiceView, servers: bool) -> Iterator[RenderableType]:
    if view.depths is not None:
        yield _queues(view)
        yield ""
    if view.overview is not None:
        yield _jobs(view)
    if servers:
        yield ""
        yield _servers(view)
    if view.overview is not None and view.overview.last_errors:
        yield ""
        yield Text("Last errors", style="bold")
        yield from map(_error, view.overview.last_errors)


def _queues(view: ServiceView) -> RenderableType:
    made = table("queue", ">ready", ">consumers")
    for depth in view.depths or ():
        if depth.ready is None:
            made.add_row(depth.name, "missing", "")
        else:
            made.add_row(depth.name, f"{depth.ready}", f"{depth.consumers or ''}")
    return made


def _jobs(view: ServiceView) -> RenderableType:
    overview = view.overview
    assert overview is not None
    rate = f">items/s over {overview.minutes} min"
    made = table(">success", ">processing", ">failed", rate, ">in flight", ">time left")
    made.add_row(
        f"{overview.success}",
        f"{overview.processing}",
        f"{overview.failed}",
        f"{overview.items_per_second:.3g}",
        "" if view.in_flight is None else f"{view.in_flight}",
        _left(view.time_left),
    )
    return made


def _left(left: timedelta | None) -> str:
    return "unknown" if left is None else f"{left}"


def _servers(view: ServiceView) -> RenderableType:
    made = table("server", ">answered in", "state")
    for server in view.servers:
        state = Text("up", "green") if server.problem is None else Text(server.problem, "bold red")
        made.add_row(server.name, f"{server.milliseconds:.0f} ms", state)
    return made


def _error(job: Job) -> RenderableType:
    when = f"{job.failed_at:%Y-%m-%d %H:%M:%S}" if job.failed_at else ""
    return Text(
        f"{when}  item {job.item_id}  {job.status}, attempt {job.attempts}  "
        f"{job.error_type}: {job.error}"
    )
