"""The headers that this service writes and reads, by name."""

from __future__ import annotations

from datetime import UTC, datetime

from colecionador.domain.tracing import parse_traceparent
from connectors.rabbitmq.field_table import read_integer, read_text
from connectors.rabbitmq.properties import Properties

ATTEMPT = "x-attempt"
ERROR_TYPE = "x-error-type"
ERROR = "x-error"
FIRST_FAILED_AT = "x-first-failed-at"
FAILED_AT = "x-failed-at"
TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
REPLAYED_AT = "x-replayed-at"
STREAM_OFFSET = "x-stream-offset"

OF_FAILURES = (ATTEMPT, ERROR_TYPE, ERROR, FIRST_FAILED_AT, FAILED_AT)
"""What a retry or a dead letter notes; a message that starts anew has none of it."""

TRACESTATE_LIMIT_BYTES = 512
"""W3C: more of it need not be passed on."""

ATTEMPT_LIMIT = 1_000_000
"""An attempt beyond it is none that this service wrote."""

_BROKERS_OWN = frozenset(
    (b"x-delivery-count", b"x-acquired-count", b"x-death", STREAM_OFFSET.encode())
)
_BROKERS_OWN_PREFIXES = (b"x-first-death-", b"x-last-death-")
_ROUTING = frozenset((b"CC", b"BCC"))


def attempt_of(properties: Properties) -> int:
    """The attempt about to run: the header `x-attempt`, or 1 where it is missing or garbage."""
    field = properties.header(ATTEMPT)
    number = read_integer(field) if field else None
    return number if number is not None and 1 <= number <= ATTEMPT_LIMIT else 1


def first_failed_at(properties: Properties) -> str | None:
    """When this message failed first, where a moment is noted."""
    field = properties.header(FIRST_FAILED_AT)
    text = read_text(field) if field else None
    if text is None:
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def traceparent_of(properties: Properties) -> str | None:
    """The header `traceparent`, where it is a valid one."""
    field = properties.header(TRACEPARENT)
    text = read_text(field) if field else None
    return text if parse_traceparent(text) else None


def tracestate_of(properties: Properties) -> str | None:
    """The header `tracestate`, which only goes along with a `traceparent`."""
    field = properties.header(TRACESTATE)
    text = read_text(field) if field else None
    return text if text and len(text.encode()) <= TRACESTATE_LIMIT_BYTES else None


def is_brokers_own(name: bytes) -> bool:
    """True for a header that the broker writes while it handles a message."""
    return name in _BROKERS_OWN or name.startswith(_BROKERS_OWN_PREFIXES)


def is_left_out(name: bytes) -> bool:
    """True for a header that a retry or a dead letter does not keep.

    `CC` and `BCC` would route it to more queues; what the broker counts, it counts anew.
    """
    return name in _ROUTING or is_brokers_own(name)


def timestamp_text(moment: datetime) -> str:
    """A moment as the headers write it: ISO 8601 in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
