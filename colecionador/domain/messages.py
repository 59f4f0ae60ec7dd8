"""What comes in: a delivery from the broker, and the item that its body asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.records import record
from colecionador.domain.tracing import Trace

BODY_LIMIT_BYTES = 64 * 1024
ITEM_ID_LIMIT = 2**63
OBJECT_KEY_LIMIT_BYTES = 1024

_IDENTITY_NAMESPACE = UUID("6f0d3c36-64f7-4b8e-9d3f-6d2a53e3a6c1")
_CATEGORIA = re.compile(r"[a-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@record
class DeliveryId:
    """Which delivery this is: a tag means something only on the channel that it came from.

    Two deliveries of one message are two of these, so that both get settled.
    """

    lane: str
    generation: int
    """Counts the lane's channels: a tag of an older one is stale."""
    tag: int


@record
class Delivery:
    """One message as a lane received it; its original stays with the lane until it is settled."""

    id: DeliveryId
    message_id: str
    body: bytes
    attempt: int = 1
    """The attempt about to run, counted from 1 in the header `x-attempt`."""
    redelivered: bool = False
    queue_ms: float | None = None
    """From published to delivered, where the producer set a timestamp."""
    delivered_at: float = 0.0
    """Seconds since the epoch."""
    trace: Trace | None = None
    """Its span, where traces are recorded."""


@record
class Item:
    """A valid message: one item's photo, to be augmented. Small, since it crosses processes."""

    delivery: DeliveryId
    message_id: str
    attempt: int
    redelivered: bool
    queue_ms: float | None
    delivered_at: float
    item_id: int
    categoria: str
    bucket: str
    object_key: str
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message that names no item: it can only go to the dead-letter queue."""

    delivery: DeliveryId
    message_id: str
    attempt: int
    delivered_at: float
    categoria: str | None
    """The body's categoria, where that much of it was valid."""
    failure: Failure


def message_identity(message_id: str | bytes | None, body: bytes, properties: str) -> str:
    """The id that a job is known by: the producer's own, or one derived from the message.

    An id that is not UTF-8 or holds a NUL (PostgreSQL stores neither) is hashed. Without an id,
    `body` and `properties` (any stable text of them) decide, so that a redelivery has the same.
    """
    if message_id:
        raw = message_id if isinstance(message_id, bytes) else _bytes(message_id)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = "\x00"
        return f"sha256:{hashlib.sha256(raw).hexdigest()}" if "\x00" in text else text
    digest = hashlib.sha256(_bytes(properties) + b"\x00" + body)
    return str(uuid5(_IDENTITY_NAMESPACE, digest.hexdigest()))


def parse_message(
    delivery: Delivery, *, default_bucket: str, allowed_buckets: Collection[str]
) -> Item | RejectedMessage:
    """The item that a delivery asks for, or the rejection that names the field at fault."""
    fields = _decode(delivery.body)
    if isinstance(fields, str):
        return _reject(delivery, None, fields)
    categoria = _categoria(fields)
    bucket = fields.get("bucket", default_bucket)
    problem = (
        _item_id_problem(fields)
        or _categoria_problem(fields)
        or _object_key_problem(fields)
        or _bucket_problem(bucket, allowed_buckets)
    )
    if problem or categoria is None:
        return _reject(delivery, categoria, problem or "categoria: missing")
    return Item(
        delivery=delivery.id,
        message_id=delivery.message_id,
        attempt=delivery.attempt,
        redelivered=delivery.redelivered,
        queue_ms=delivery.queue_ms,
        delivered_at=delivery.delivered_at,
        item_id=fields["itemId"],
        categoria=categoria,
        bucket=bucket,
        object_key=fields["objectKey"],
        trace=delivery.trace,
    )


def named_subject(body: bytes) -> tuple[int | None, str | None]:
    """The item id and the categoria that a body names, each None unless it is a valid one.

    For what people look at: a message that is refused may still say whose it was.
    """
    fields = _decode(body)
    if isinstance(fields, str):
        return None, None
    item_id = None if _item_id_problem(fields) else fields["itemId"]
    return item_id, _categoria(fields)


def range_key(item_id: int, range_size: int) -> str:
    """The partition that an item belongs to, named for its first and last id: `1-1000`."""
    first = (item_id - 1) // range_size * range_size + 1
    return f"{first}-{first + range_size - 1}"


def _reject(delivery: Delivery, categoria: str | None, problem: str) -> RejectedMessage:
    failure = Failure(ErrorType.INVALID_MESSAGE, problem)
    return RejectedMessage(
        delivery.id,
        delivery.message_id,
        delivery.attempt,
        delivery.delivered_at,
        categoria,
        failure,
    )


def _decode(body: bytes) -> Mapping[str, Any] | str:
    """The body's fields, or what is wrong with it as a whole."""
    if len(body) > BODY_LIMIT_BYTES:
        return f"body: {len(body)} bytes; the limit is {BODY_LIMIT_BYTES}"
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return f'body: not JSON in UTF-8 ({error}); send an object like {{"itemId": 123, …}}'
    if not isinstance(decoded, dict):
        return f"body: a JSON {_json_type(decoded)}; it must be an object"
    return decoded


def _categoria(fields: Mapping[str, Any]) -> str | None:
    found = fields.get("categoria", fields.get("category"))
    return found if isinstance(found, str) and _CATEGORIA.fullmatch(found) else None


def _item_id_problem(fields: Mapping[str, Any]) -> str | None:
    if "itemId" not in fields:
        return "itemId: missing; it must be an integer from 1 to 2^63-1"
    value = fields["itemId"]
    if type(value) is not int or not 1 <= value < ITEM_ID_LIMIT:
        return f"itemId: {_shown(value)}; it must be an integer from 1 to 2^63-1, written as one"
    return None


def _categoria_problem(fields: Mapping[str, Any]) -> str | None:
    name = "categoria" if "categoria" in fields else "category"
    if name not in fields:
        return 'categoria: missing; it must match ^[a-z0-9_-]{1,64}$, e.g. "moedas"'
    value = fields[name]
    if not isinstance(value, str) or not _CATEGORIA.fullmatch(value):
        return f'{name}: {_shown(value)}; it must match ^[a-z0-9_-]{{1,64}}$, e.g. "moedas"'
    return None


def _object_key_problem(fields: Mapping[str, Any]) -> str | None:
    if "objectKey" not in fields:
        return "objectKey: missing; it must be the image's key in its bucket"
    value = fields["objectKey"]
    if not isinstance(value, str):
        return f"objectKey: {_shown(value)}; it must be a string, the image's key in its bucket"
    size = len(value.encode())
    if not 1 <= size <= OBJECT_KEY_LIMIT_BYTES:
        return f"objectKey: {size} bytes; it must have 1 to {OBJECT_KEY_LIMIT_BYTES}"
    if value.startswith("/"):
        return f'objectKey: {_shown(value)}; remove the leading "/"'
    if ".." in value.split("/"):
        return f'objectKey: {_shown(value)}; remove the ".." segment'
    if _CONTROL.search(value):
        return f"objectKey: {_shown(value)}; remove the control characters"
    return None


def _bucket_problem(bucket: Any, allowed_buckets: Collection[str]) -> str | None:
    if isinstance(bucket, str) and bucket in allowed_buckets:
        return None
    allowed = ", ".join(sorted(allowed_buckets))
    return (
        f"bucket: {_shown(bucket)} is not one that may be read ({allowed}); "
        "leave it out, or add it to AUGMENT_ALLOWED_BUCKETS"
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _json_type(value: Any) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _shown(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 80 else f"{text[:80]}…"
