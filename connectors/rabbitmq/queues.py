"""The queues by name, role and arguments: what the topology should be where we create it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from colecionador.domain.settings import Settings
from colecionador.domain.settlements import retry_delays

DELIVERY_LIMIT = 20
"""A distant backstop: every return counts, so the innocent neighbours of crashes must fit in."""

UNLIMITED_SINCE_MAJOR = 4
"""RabbitMQ 4 limits deliveries to 20 unless told -1. RabbitMQ 3 has no limit unless told one,
and takes -1 for a limit that the first return exceeds (seen on 3.10: the message is dropped)."""


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue as we declare it where it is missing."""

    name: str
    role: str
    """`work`, `wait room`, `dead letters` or `completions`."""
    arguments: Mapping[str, str | int]


def dead_letter_queue(queue: str) -> str:
    """The dead-letter queue of a work queue."""
    return f"{queue}.dlq"


def wait_room(queue: str, delay_seconds: float) -> str:
    """The wait room of a work queue for this delay.

    Whole seconds are named in seconds (`.retry.5s`), all others in milliseconds (`.retry.300ms`,
    `.retry.1500ms`).
    """
    milliseconds = _milliseconds(delay_seconds)
    if milliseconds % 1000:
        return f"{queue}.retry.{milliseconds}ms"
    return f"{queue}.retry.{milliseconds // 1000}s"


def wait_rooms(settings: Settings) -> tuple[str, ...]:
    """The names of every wait room that these settings use."""
    return tuple(wait_room(settings.queue, delay) for delay in _delays(settings))


def queue_names(settings: Settings) -> tuple[str, ...]:
    """Every queue of the service: work, wait rooms, dead letters, completions."""
    dead_letters = dead_letter_queue(settings.queue)
    return (settings.queue, *wait_rooms(settings), dead_letters, settings.completed_queue)


def queue_specs(settings: Settings, broker_major: int) -> tuple[QueueSpec, ...]:
    """Every queue, those that others route to first, for this major version of the broker."""
    queue = settings.queue
    return (
        QueueSpec(dead_letter_queue(queue), "dead letters", _unlimited(broker_major)),
        QueueSpec(settings.completed_queue, "completions", _unlimited(broker_major)),
        QueueSpec(
            queue,
            "work",
            {**_dead_lettered_to(dead_letter_queue(queue)), "x-delivery-limit": DELIVERY_LIMIT},
        ),
        *(
            QueueSpec(
                wait_room(queue, delay),
                "wait room",
                {**_dead_lettered_to(queue), "x-message-ttl": _milliseconds(delay)},
            )
            for delay in _delays(settings)
        ),
    )


def _delays(settings: Settings) -> tuple[float, ...]:
    return retry_delays(settings.max_attempts, settings.retry_base_seconds)


def _milliseconds(delay_seconds: float) -> int:
    return max(1, round(delay_seconds * 1000))


def _dead_lettered_to(queue: str) -> dict[str, str | int]:
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _unlimited(broker_major: int) -> dict[str, str | int]:
    arguments: dict[str, str | int] = {"x-queue-type": "quorum"}
    if broker_major >= UNLIMITED_SINCE_MAJOR:
        arguments["x-delivery-limit"] = -1
    return arguments
