"""One dead letter: what its headers and its body say of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pika.data import decode_value

from colecionador.domain.failures import ErrorType
from colecionador.domain.messages import DeliveryId, named_subject
from connectors.rabbitmq.field_table import read_integer, read_text
from connectors.rabbitmq.headers import ERROR, ERROR_TYPE, FAILED_AT, attempt_of
from connectors.rabbitmq.inbound import Original, receive
from connectors.rabbitmq.properties import Properties

MOVED_BY_BROKER = (
    "moved here by the broker itself, at its delivery limit: whoever held it ended again and again"
)

_DEATHS = "x-death"
_RETURNS = "x-delivery-count"


@dataclass(frozen=True, slots=True)
class DeadLetterFacts:
    """What is known of a dead letter; None where neither headers nor body say it."""

    message_id: str
    item_id: int | None
    categoria: str | None
    error_type: str
    """`poison` where the broker moved it, since then nobody noted a type."""
    error: str
    attempt: int
    failed_at: datetime | None
    moved_by_broker: bool


@dataclass(frozen=True, slots=True)
class HeldLetter:
    """A dead letter in our hands: it goes back to its place unless it is replayed or dropped."""

    tag: int
    original: Original
    facts: DeadLetterFacts
    returns: int
    """How often it was handed out and came back."""


def hold_letter(tag: int, properties: Properties, body: bytes) -> HeldLetter:
    """The dead letter that was delivered under this tag. Never raises, whoever wrote it."""
    original = receive(DeliveryId("dead letters", 0, tag), False, properties, body, 0.0)
    field = properties.header(_RETURNS)
    returns = (read_integer(field) if field else None) or 0
    return HeldLetter(tag, original, _facts(original), returns)


def _facts(original: Original) -> DeadLetterFacts:
    properties = original.properties
    item_id, categoria = named_subject(original.delivery.body)
    # Only a letter that this service wrote has the moment; a retried one may have the rest.
    noted_at = _text(properties, FAILED_AT)
    ours = noted_at is not None
    return DeadLetterFacts(
        message_id=original.delivery.message_id,
        item_id=item_id,
        categoria=categoria,
        error_type=(_text(properties, ERROR_TYPE) if ours else None) or ErrorType.POISON,
        error=(_text(properties, ERROR) or "") if ours else MOVED_BY_BROKER,
        attempt=attempt_of(properties),
        failed_at=_moment(noted_at) if noted_at is not None else _moved_at(properties),
        moved_by_broker=not ours,
    )


def _text(properties: Properties, name: str) -> str | None:
    field = properties.header(name)
    return read_text(field) if field else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moved_at(properties: Properties) -> datetime | None:
    """When the broker moved it: the only thing that is read of `x-death`, never its counts."""
    field = properties.header(_DEATHS)
    if field is None:
        return None
    # Anybody may have written this header, and pika raises what it likes on nonsense.
    with suppress(Exception):
        deaths: Any = decode_value(field.value, 0)[0]
        moments = [death["time"] for death in deaths if isinstance(death["time"], datetime)]
        return max(moments).replace(tzinfo=UTC) if moments else None
    return None
