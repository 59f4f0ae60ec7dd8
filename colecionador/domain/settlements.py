"""How a delivery ends: completed, retried or dead-lettered. What the three sinks carry out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from colecionador.domain.failures import Failure, Kind
from colecionador.domain.messages import DeliveryId, RejectedMessage
from colecionador.domain.records import record
from colecionador.domain.results import FailedItem


class Outcome(StrEnum):
    """The outcome of a delivery, as it is counted."""

    SUCCESS = "success"
    DUPLICATE = "duplicate"
    RETRIED = "retried"
    DEAD_LETTERED = "dead_lettered"


@record
class Subject:
    """Whose delivery is settled: what counters and log lines say about it."""

    message_id: str
    attempt: int
    categoria: str | None
    delivered_at: float
    """Seconds since the epoch."""
    item_id: int | None = None
    job_id: int | None = None
    worker: str | None = None


@record
class Completion:
    """Publish this to `ModelTraining`, then ack."""

    delivery: DeliveryId
    subject: Subject
    outcome: Outcome
    """`success`, or `duplicate` where an earlier delivery did the work."""
    message_id: str
    """Of the message that goes out."""
    body: bytes
    bad_quality: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Publish the original to a wait room, then ack."""

    delivery: DeliveryId
    subject: Subject
    failure: Failure
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Publish the original to the dead-letter queue, then ack."""

    delivery: DeliveryId
    subject: Subject
    failure: Failure


Settlement = Completion | Retry | DeadLetter


def retry_delays(max_attempts: int, base_seconds: float) -> tuple[float, ...]:
    """The delay after each failed attempt but the last: 5 s × 2^(attempt-1)."""
    return tuple(base_seconds * 2.0**index for index in range(max_attempts - 1))


def settle_failure(failed: FailedItem, subject: Subject, delays: tuple[float, ...]) -> Settlement:
    """A retry while the failure may pass and attempts are left, else a dead letter."""
    attempt = failed.item.attempt
    if failed.failure.kind is not Kind.PERMANENT and attempt <= len(delays):
        return Retry(failed.item.delivery, subject, failed.failure, delays[attempt - 1])
    return DeadLetter(failed.item.delivery, subject, failed.failure)


def settle_rejection(rejected: RejectedMessage) -> DeadLetter:
    """The dead letter of a message that names no item."""
    subject = Subject(
        rejected.message_id, rejected.attempt, rejected.categoria, rejected.delivered_at
    )
    return DeadLetter(rejected.delivery, subject, rejected.failure)
