"""What goes out: the message that each settlement publishes, with its exact properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from colecionador.domain.failures import Failure
from colecionador.domain.records import record
from colecionador.domain.settings import Settings
from colecionador.domain.settlements import Completion, DeadLetter, Retry, Settlement
from connectors.rabbitmq.field_table import Field, integer_field, text_field
from connectors.rabbitmq.headers import (
    ATTEMPT,
    ERROR,
    ERROR_TYPE,
    FAILED_AT,
    FIRST_FAILED_AT,
    OF_FAILURES,
    REPLAYED_AT,
    TRACEPARENT,
    TRACESTATE,
    first_failed_at,
    is_left_out,
    timestamp_text,
    traceparent_of,
    tracestate_of,
)
from connectors.rabbitmq.inbound import Original
from connectors.rabbitmq.properties import PERSISTENT, Properties, with_headers
from connectors.rabbitmq.queues import dead_letter_queue, wait_room

ERROR_LIMIT_BYTES = 1024
SHORT_STRING_LIMIT_BYTES = 255

_JSON = b"application/json"
_COMPLETED = b"augmentation.completed"


@record
class OutgoingMessage:
    """A message for one queue, through the default exchange."""

    queue: str
    properties: Properties
    body: bytes


def outgoing_message(
    settlement: Settlement, original: Original, settings: Settings, now: datetime
) -> OutgoingMessage:
    """What this settlement publishes, of the delivery that it settles."""
    match settlement:
        case Completion():
            return _completion(settlement, original, settings.completed_queue, now)
        case Retry():
            room = wait_room(settings.queue, settlement.delay_seconds)
            headers = (
                integer_field(ATTEMPT, original.delivery.attempt + 1),
                *_error_headers(settlement.failure, original, now),
                *_kept_trace(original),
            )
            return OutgoingMessage(room, _kept(original, headers), original.delivery.body)
        case DeadLetter():
            headers = (
                integer_field(ATTEMPT, original.delivery.attempt),
                *_error_headers(settlement.failure, original, now),
                text_field(FAILED_AT, timestamp_text(now)),
                *_kept_trace(original),
            )
            letters = dead_letter_queue(settings.queue)
            return OutgoingMessage(letters, _kept(original, headers), original.delivery.body)


def work_message(queue: str, body: bytes, message_id: str, now: datetime) -> OutgoingMessage:
    """A message for the work queue, as a producer sends it."""
    properties = Properties(
        content_type=_JSON,
        delivery_mode=PERSISTENT,
        message_id=_short(message_id),
        timestamp=int(now.timestamp()),
    )
    return OutgoingMessage(queue, properties, body)


def repeated_message(
    queue: str, original: Original, *, replayed_at: datetime | None = None
) -> OutgoingMessage:
    """The same message anew: body, identity and properties as they were, the attempts from 1.

    What this service noted of failures is left out; `replayed_at` marks it as sent back.
    """
    kept = _kept(original, ())
    marks = () if replayed_at is None else (text_field(REPLAYED_AT, timestamp_text(replayed_at)),)
    return OutgoingMessage(queue, with_headers(kept, marks, OF_FAILURES), original.delivery.body)


def _completion(
    completion: Completion, original: Original, queue: str, now: datetime
) -> OutgoingMessage:
    properties = Properties(
        content_type=_JSON,
        headers=_trace_headers(original) or None,
        delivery_mode=PERSISTENT,
        correlation_id=_short(original.delivery.message_id),
        message_id=_short(completion.message_id),
        timestamp=int(now.timestamp()),
        type=_COMPLETED,
    )
    return OutgoingMessage(queue, properties, completion.body)


def _trace_headers(original: Original) -> tuple[Field, ...]:
    """The item's span as the parent of what follows; the producer's where none is recorded."""
    trace, given = original.delivery.trace, traceparent_of(original.properties)
    parent = trace.span.traceparent if trace else given
    if parent is None:
        return ()
    state = tracestate_of(original.properties) if given else None
    return (
        text_field(TRACEPARENT, parent),
        *((text_field(TRACESTATE, state),) if state else ()),
    )


def _kept_trace(original: Original) -> tuple[Field, ...]:
    """Headers for another attempt: in the producer's trace, or else in that of this attempt."""
    return () if traceparent_of(original.properties) else _trace_headers(original)


def _error_headers(failure: Failure, original: Original, now: datetime) -> tuple[Field, ...]:
    first = first_failed_at(original.properties) or timestamp_text(now)
    return (
        text_field(ERROR_TYPE, failure.error_type.value),
        text_field(ERROR, _truncated(failure.error)),
        text_field(FIRST_FAILED_AT, first),
    )


def _kept(original: Original, headers: tuple[Field, ...]) -> Properties:
    """The original's properties, under the identity that its job is known by."""
    kept = replace(
        original.properties,
        delivery_mode=PERSISTENT,
        expiration=None,
        message_id=_short(original.delivery.message_id),
        user_id=None,
        headers=tuple(
            field for field in original.properties.headers or () if not is_left_out(field.name)
        ),
    )
    return with_headers(kept, headers, ())


def _truncated(error: str) -> str:
    encoded = error.encode("utf-8", "replace")
    if len(encoded) <= ERROR_LIMIT_BYTES:
        return error
    return encoded[: ERROR_LIMIT_BYTES - 3].decode("utf-8", "ignore") + "…"


def _short(text: str) -> bytes:
    return text.encode("utf-8", "replace")[:SHORT_STRING_LIMIT_BYTES]
