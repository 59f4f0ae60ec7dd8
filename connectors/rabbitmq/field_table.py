"""AMQP field tables (a message's headers), taken apart without reading their values.

A client library that decodes every value loses some on the way back (a float, an odd timestamp)
and can fail on a hostile one. A retried message must keep its headers as they were, so each value
stays the octets that came in; only the few headers that this service reads are ever decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

_WIDTHS = {
    b"t": 1,
    b"b": 1,
    b"B": 1,
    b"s": 2,
    b"u": 2,
    b"U": 2,
    b"I": 4,
    b"i": 4,
    b"f": 4,
    b"D": 5,
    b"l": 8,
    b"L": 8,
    b"d": 8,
    b"T": 8,
    b"V": 0,
}
_PREFIXED = frozenset((b"S", b"x", b"A", b"F"))
_INTEGERS = {
    b"b": ">b",
    b"B": ">B",
    b"s": ">h",
    b"U": ">h",
    b"u": ">H",
    b"I": ">i",
    b"i": ">I",
    b"l": ">q",
    b"L": ">q",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One header: its name, and its value as it is on the wire, kind octet first."""

    name: bytes
    value: bytes


def split_table(table: bytes) -> tuple[Field, ...]:
    """The fields of a table's content, in order; raises ValueError where it is cut short."""
    fields = []
    offset = 0
    while offset < len(table):
        start = offset + 1 + table[offset]
        end = start + _value_width(table, start)
        if end > len(table):
            raise ValueError(f"field table: a value ends at octet {end} of {len(table)}")
        fields.append(Field(table[offset + 1 : start], table[start:end]))
        offset = end
    return tuple(fields)


def join_table(fields: Iterable[Field]) -> bytes:
    """The content of a table with these fields."""
    return b"".join(bytes((len(field.name),)) + field.name + field.value for field in fields)


def text_field(name: str, text: str) -> Field:
    """A header with a text."""
    encoded = text.encode("utf-8", "replace")
    return Field(name.encode(), struct.pack(">cI", b"S", len(encoded)) + encoded)


def integer_field(name: str, number: int) -> Field:
    """A header with a signed integer of 32 bits."""
    return Field(name.encode(), struct.pack(">ci", b"I", number))


def read_text(field: Field) -> str | None:
    """The header's text; None where it is of another kind, or not UTF-8."""
    if field.value[:1] != b"S":
        return None
    try:
        return field.value[5:].decode()
    except UnicodeDecodeError:
        return None


def read_integer(field: Field) -> int | None:
    """The header's integer, of any width; None where it is of another kind."""
    form = _INTEGERS.get(field.value[:1])
    if form is None:
        return None
    number: int = struct.unpack_from(form, field.value, 1)[0]
    return number


def _value_width(table: bytes, start: int) -> int:
    """How many octets a value takes, its kind included."""
    kind = table[start : start + 1]
    if kind in _PREFIXED:
        length = table[start + 1 : start + 5]
        if len(length) < 4:
            raise ValueError(f"field table: no length at octet {start + 1}")
        return 5 + int.from_bytes(length)
    if kind not in _WIDTHS:
        raise ValueError(f"field table: unknown kind {kind!r} at octet {start}")
    return 1 + _WIDTHS[kind]
