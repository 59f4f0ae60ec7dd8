"""Declaring the topology: what exists is used as it is, what is missing is created."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from threading import Event

from pika import BlockingConnection
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker

from colecionador.domain.settings import Settings
from connectors.rabbitmq.backoff import backoff_seconds
from connectors.rabbitmq.blocking import blocking_connection, broker_version
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.queues import QueueSpec, queue_specs

_NOT_FOUND = 404
_INTERNAL_ERROR = 541
_TRIES = 5


class QueueState(StrEnum):
    """What was found of a queue."""

    CREATED = "created"
    AS_EXPECTED = "as expected"
    USED_AS_IT_IS = "used as it is"


@dataclass(frozen=True, slots=True)
class QueueFinding:
    """One queue as it was found."""

    name: str
    role: str
    state: QueueState
    difference: str = ""
    """In the broker's words; it tells the first difference only."""


@dataclass(frozen=True, slots=True)
class TopologyReport:
    """The whole topology as it is now."""

    broker_version: str
    queues: tuple[QueueFinding, ...]


def declare_topology(settings: Settings, closing: Event | None = None) -> TopologyReport:
    """Make sure that every queue exists; blocks for some round trips per queue.

    Any number of processes may do this at once. Once `closing` is set it tries no further time.
    Raises `BrokerError` where the broker cannot be reached, or does not let this user create what
    is missing.
    """
    closing = closing or Event()
    for tries in range(1, _TRIES):
        try:
            return _declare_all(settings)
        except BrokerError as error:
            # Two processes that create one quorum queue at once: the broker lets one of them fail.
            if not _lost_a_race(error.__cause__):
                raise
            if closing.wait(backoff_seconds(tries)):
                raise
    return _declare_all(settings)


def _lost_a_race(cause: BaseException | None) -> bool:
    if isinstance(cause, (ChannelClosedByBroker, ConnectionClosedByBroker)):
        return bool(cause.reply_code == _INTERNAL_ERROR)
    return False


def _declare_all(settings: Settings) -> TopologyReport:
    with blocking_connection(settings, "topology") as connection:
        version = broker_version(connection)
        specs = queue_specs(settings, major_version(version))
        return TopologyReport(version, tuple(ensure_queue(connection, spec) for spec in specs))


def major_version(version: str) -> int:
    """The first number of a version; 0 where there is none."""
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0


def ensure_queue(connection: BlockingConnection, spec: QueueSpec) -> QueueFinding:
    """Create the queue, or say how the existing one differs."""
    if not _exists(connection, spec.name):
        _declare(connection, spec)
        return QueueFinding(spec.name, spec.role, QueueState.CREATED)
    try:
        _declare(connection, spec)
    except ChannelClosedByBroker as error:
        if error.reply_code == _INTERNAL_ERROR:
            raise
        return QueueFinding(spec.name, spec.role, QueueState.USED_AS_IT_IS, error.reply_text)
    return QueueFinding(spec.name, spec.role, QueueState.AS_EXPECTED)


def _exists(connection: BlockingConnection, name: str) -> bool:
    channel = connection.channel()
    try:
        channel.queue_declare(name, passive=True)
    except ChannelClosedByBroker as error:
        if error.reply_code == _NOT_FOUND:
            return False
        raise
    channel.close()
    return True


def _declare(connection: BlockingConnection, spec: QueueSpec) -> None:
    """Declare with our arguments; the broker refuses where the existing queue has others."""
    channel = connection.channel()
    channel.queue_declare(spec.name, durable=True, arguments=spec.arguments)
    channel.close()
