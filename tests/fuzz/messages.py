"""Any body of a message: a valid item or a rejection with a remedy, never an exception."""

from __future__ import annotations

import re

from colecionador.domain.failures import ErrorType
from colecionador.domain.messages import (
    Delivery,
    DeliveryId,
    Item,
    RejectedMessage,
    message_identity,
    named_subject,
    parse_message,
    range_key,
)

ALLOWED = frozenset({"images", "archive"})


def check_message(body: bytes) -> None:
    """Parse a body, and hold what comes out against the contract."""
    delivery = Delivery(
        DeliveryId("lane-0", 1, 1), message_identity(None, body, ""), body, delivered_at=1.0
    )
    parsed = parse_message(delivery, default_bucket="images", allowed_buckets=ALLOWED)
    item_id, categoria = named_subject(body)
    if isinstance(parsed, RejectedMessage):
        assert parsed.failure.error_type is ErrorType.INVALID_MESSAGE
        assert ": " in parsed.failure.error
        # It goes into a header, a row and a log line.
        parsed.failure.error.encode()
        return
    assert (parsed.item_id, parsed.categoria) == (item_id, categoria)
    _check_item(parsed)


def _check_item(item: Item) -> None:
    assert type(item.item_id) is int
    assert 1 <= item.item_id < 2**63
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", item.categoria)
    assert item.bucket in ALLOWED
    assert 1 <= len(item.object_key.encode()) <= 1024
    assert not item.object_key.startswith("/")
    assert ".." not in item.object_key.split("/")
    assert not re.search(r"[\x00-\x1f\x7f]", item.object_key)
    first, last = (int(part) for part in range_key(item.item_id, 1000).split("-"))
    assert first <= item.item_id <= last
