"""Dead letters for tests: as the service writes them, and as the broker moves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel

from connectors.rabbitmq.headers import timestamp_text

NOW = datetime.now(UTC)


def body_of(item_id: int, categoria: str = "moedas") -> bytes:
    """A message's body."""
    key = f"originals/{item_id}.jpg"
    return f'{{"itemId":{item_id},"categoria":"{categoria}","objectKey":"{key}"}}'.encode()


def a_letter(
    channel: BlockingChannel,
    queue: str,
    item_id: int,
    error_type: str = "source_missing",
    *,
    body: bytes | None = None,
    categoria: str = "moedas",
    age_seconds: float = 0.0,
) -> None:
    """Put a dead letter as the service writes it into a queue; its id is `m-` and the item's."""
    failed_at = timestamp_text(NOW - timedelta(seconds=age_seconds))
    headers: dict[str, str | int] = {
        "x-attempt": 3,
        "x-error-type": error_type,
        "x-error": f"images/originals/{item_id}.jpg: it was {error_type}",
        "x-first-failed-at": failed_at,
        "x-failed-at": failed_at,
        "x-of-the-producer": "kept",
    }
    properties = BasicProperties(
        message_id=f"m-{item_id}", content_type="application/json", delivery_mode=2, headers=headers
    )
    channel.basic_publish("", queue, body or body_of(item_id, categoria), properties)


def bodies(channel: BlockingChannel, queue: str) -> list[bytes]:
    """The bodies of a queue, which is emptied, in its order."""
    found: list[bytes] = []
    while True:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is None or body is None:
            return found
        found.append(body)
