"""A message's AMQP properties, kept as they came: short strings are octets, headers unread."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from colecionador.domain.records import record
from connectors.rabbitmq.field_table import Field, join_table, split_table

PERSISTENT = 2

_LAYOUT = (
    ("content_type", 15, "short"),
    ("content_encoding", 14, "short"),
    ("headers", 13, "table"),
    ("delivery_mode", 12, "octet"),
    ("priority", 11, "octet"),
    ("correlation_id", 10, "short"),
    ("reply_to", 9, "short"),
    ("expiration", 8, "short"),
    ("message_id", 7, "short"),
    ("timestamp", 6, "timestamp"),
    ("type", 5, "short"),
    ("user_id", 4, "short"),
    ("app_id", 3, "short"),
    ("cluster_id", 2, "short"),
)


@record
class Properties:
    """The properties of one message; None where a property is absent."""

    content_type: bytes | None = None
    content_encoding: bytes | None = None
    headers: tuple[Field, ...] | None = None
    delivery_mode: int | None = None
    priority: int | None = None
    correlation_id: bytes | None = None
    reply_to: bytes | None = None
    expiration: bytes | None = None
    message_id: bytes | None = None
    timestamp: int | None = None
    """Seconds since the epoch, as the producer says."""
    type: bytes | None = None
    user_id: bytes | None = None
    app_id: bytes | None = None
    cluster_id: bytes | None = None

    def header(self, name: str) -> Field | None:
        """The first header of this name."""
        wanted = name.encode()
        return next((field for field in self.headers or () if field.name == wanted), None)


def decode_properties(encoded: bytes) -> Properties:
    """The properties in a content header frame, after its class, weight and body size.

    Octets that make no sense end the reading, never with an exception: what was read until then
    is the answer, so that no message can bring its reader down.
    """
    found: dict[str, Any] = {}
    try:
        flags, offset = _read_flags(encoded)
        for name, bit, kind in _LAYOUT:
            if flags & (1 << bit):
                found[name], offset = _read(encoded, offset, kind)
    except (struct.error, IndexError, ValueError):
        pass
    return Properties(**found)


def encode_properties(properties: Properties) -> bytes:
    """The inverse of `decode_properties`."""
    flags = 0
    pieces = []
    for name, bit, kind in _LAYOUT:
        value = getattr(properties, name)
        if value is not None:
            flags |= 1 << bit
            pieces.append(_written(value, kind))
    return struct.pack(">H", flags) + b"".join(pieces)


def with_headers(
    properties: Properties, added: Iterable[Field], dropped: Iterable[str]
) -> Properties:
    """The same properties with some headers set and some left out; all others as they were."""
    new = tuple(added)
    gone = {name.encode() for name in dropped} | {field.name for field in new}
    kept = tuple(field for field in properties.headers or () if field.name not in gone)
    return replace(properties, headers=kept + new)


def fit_properties(properties: Properties, limit_bytes: int) -> tuple[Properties, tuple[str, ...]]:
    """The properties within a frame's size, and the names of headers given up for it.

    The largest headers go first; properties cannot be split over frames, and a broker closes the
    connection of a client that sends a larger one.
    """
    given_up = []
    while properties.headers and len(encode_properties(properties)) > limit_bytes:
        largest = max(properties.headers, key=lambda field: len(field.value))
        kept = tuple(field for field in properties.headers if field is not largest)
        properties = replace(properties, headers=kept)
        given_up.append(largest.name.decode("utf-8", "replace"))
    return properties, tuple(given_up)


def _read_flags(encoded: bytes) -> tuple[int, int]:
    first = flags = struct.unpack_from(">H", encoded)[0]
    offset = 2
    while flags & 1:
        flags = struct.unpack_from(">H", encoded, offset)[0]
        offset += 2
    return first, offset


def _read(encoded: bytes, offset: int, kind: str) -> tuple[Any, int]:
    if kind == "short":
        end = offset + 1 + encoded[offset]
        return encoded[offset + 1 : end], end
    if kind == "table":
        start = offset + 4
        end = start + struct.unpack_from(">I", encoded, offset)[0]
        return split_table(encoded[start:end]), end
    if kind == "octet":
        return encoded[offset], offset + 1
    return struct.unpack_from(">Q", encoded, offset)[0], offset + 8


def _written(value: Any, kind: str) -> bytes:
    if kind == "short":
        return bytes((len(value),)) + bytes(value)
    if kind == "table":
        content = join_table(value)
        return struct.pack(">I", len(content)) + content
    if kind == "octet":
        return bytes((value,))
    return struct.pack(">Q", value)
