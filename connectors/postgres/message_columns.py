"""What a job's row has from its message, whoever writes the row."""

from __future__ import annotations

from colecionador.domain.messages import Item
from connectors.postgres.rows_as_json import Row


def message_columns(item: Item) -> Row:
    """The columns and their values."""
    return {
        "message_id": item.message_id,
        "item_id": item.item_id,
        "categoria": item.categoria,
        "bucket": item.bucket,
        "object_key": item.object_key,
        "attempts": item.attempt,
    }
