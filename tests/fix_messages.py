"""Messages as a producer sends them, and small photographs for their items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from pika import BasicProperties

from tests.fix_images import COLOUR_PHOTOGRAPHS, photograph_jpeg

CATEGORIAS = ("carros", "moedas", "animais", "arte")


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way in, or as it lies in one of the queues."""

    message_id: str | None
    body: bytes
    properties: BasicProperties | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The body's JSON object."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def headers(self) -> Mapping[str, Any]:
        """Its headers; none where it has none."""
        return (self.properties.headers if self.properties else None) or {}


@cache
def small_photograph(number: int = 0) -> bytes:
    """One of four real photographs as a JPEG of 320 by 240, so that tests are quick."""
    return photograph_jpeg(COLOUR_PHOTOGRAPHS[number % len(COLOUR_PHOTOGRAPHS)], 320, 240)


def message(item_id: int, message_id: str | None = None, **fields: object) -> Message:
    """A message for an item, its photograph at the key that `source_key` gives it."""
    body = {
        "itemId": item_id,
        "categoria": CATEGORIAS[item_id % len(CATEGORIAS)],
        "objectKey": source_key(item_id),
        **fields,
    }
    return Message(message_id or str(uuid4()), json.dumps(body).encode())


def source_key(item_id: int) -> str:
    """Where the tests put an item's photograph."""
    return f"originals/{item_id}.jpg"
