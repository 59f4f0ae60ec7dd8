"""The service at one moment: queues, jobs and servers, and what follows from them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from colecionador.cli.queue_depths import QueueDepth, queue_depths
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.ports import Store
from colecionador.domain.settings import Settings
from connectors.postgres.reports import Overview, read_overview
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.queues import wait_rooms

Found = TypeVar("Found")

LONGEST = timedelta(days=999)
"""What is further away is no forecast."""


@dataclass(frozen=True, slots=True)
class Server:
    """A dependency, by the round trip that this view took: how long, or why it failed."""

    name: str
    milliseconds: float
    problem: str | None


@dataclass(frozen=True, slots=True)
class ServiceView:
    """What is known; None where the server that knows it did not answer."""

    depths: tuple[QueueDepth, ...] | None
    overview: Overview | None
    ready: int
    """Messages in the work queue."""
    waiting: int
    """Messages in the wait rooms."""
    servers: tuple[Server, ...]

    @property
    def in_flight(self) -> int | None:
        """Jobs that somebody works on: those `processing`, without those in a wait room.

        AMQP does not tell what is delivered and not acknowledged.
        """
        if self.overview is None or self.depths is None:
            return None
        return max(0, self.overview.processing - self.waiting)

    @property
    def time_left(self) -> timedelta | None:
        """Until all that is there now is done, at the rate of the last minutes."""
        if self.overview is None or self.in_flight is None or not self.overview.done_lately:
            return None
        seconds = (self.ready + self.waiting + self.in_flight) / self.overview.items_per_second
        return timedelta(seconds=round(seconds)) if seconds < LONGEST.total_seconds() else None


def look_at_service(settings: Settings, store: Store | None, *, minutes: int) -> ServiceView:
    """Ask all servers at once; the object store only where one is given.

    Half a picture is better than none when a server is down.
    """
    url = settings.database_url.get_secret_value()
    with ThreadPoolExecutor(3) as pool:
        broker = pool.submit(_timed, "RabbitMQ", lambda: _depths(settings))
        database = pool.submit(_timed, "PostgreSQL", lambda: read_overview(url, minutes=minutes))
        probe = pool.submit(_timed, "S3", store.probe) if store is not None else None
    depths, broker_server = broker.result()
    overview, database_server = database.result()
    found = depths or ()
    ready = {depth.name: depth.ready or 0 for depth in found}
    return ServiceView(
        depths=depths,
        overview=overview,
        ready=ready.get(settings.queue, 0),
        waiting=sum(ready.get(name, 0) for name in wait_rooms(settings)),
        servers=(
            broker_server,
            database_server,
            *((probe.result()[1],) if probe is not None else ()),
        ),
    )


def _depths(settings: Settings) -> tuple[QueueDepth, ...] | Failure:
    try:
        return tuple(queue_depths(settings))
    except BrokerError as error:
        return Failure(ErrorType.INTERNAL, str(error))


def _timed(name: str, ask: Callable[[], Found | Failure]) -> tuple[Found | None, Server]:
    """What a server answered, if it did, and what is to be said of it."""
    started = time.perf_counter()
    answer = ask()
    milliseconds = (time.perf_counter() - started) * 1000
    if isinstance(answer, Failure):
        return None, Server(name, milliseconds, answer.error)
    return answer, Server(name, milliseconds, None)
