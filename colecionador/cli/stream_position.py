"""A position in a stream, as an operator writes it."""

from __future__ import annotations

from datetime import UTC, datetime

from colecionador.cli.errors import UsageError
from connectors.rabbitmq.stream import Position

OFFSET_LIMIT = 2**63


def parse_position(option: str, text: str) -> Position:
    """`first`, an offset, or a time. Raises `UsageError` that names the option.

    >>> parse_position("--from", "first"), parse_position("--from", "42")
    ('first', 42)
    >>> parse_position("--from", "2026-11-23T12:00:00")
    datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)
    """
    if text == "first" and option == "--from":
        return text
    if text.isascii() and text.isdigit() and int(text) < OFFSET_LIMIT:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f'{option} "{text}": needs an offset, or a time such as 2026-11-23T12:00:00Z'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
