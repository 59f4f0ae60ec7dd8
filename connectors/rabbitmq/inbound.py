"""What comes in: a delivery in the domain's words, made of octets that anybody may have sent."""

from __future__ import annotations

from colecionador.domain.messages import Delivery, DeliveryId, message_identity
from colecionador.domain.records import record
from colecionador.domain.tracing import StartTrace, no_trace
from connectors.rabbitmq.headers import attempt_of, is_brokers_own, traceparent_of
from connectors.rabbitmq.properties import Properties


@record
class Original:
    """A delivery with the properties that it came with, kept until it is settled."""

    delivery: Delivery
    properties: Properties


def receive(
    delivery_id: DeliveryId,
    redelivered: bool,
    properties: Properties,
    body: bytes,
    now: float,
    start_trace: StartTrace = no_trace,
) -> Original:
    """The delivery that arrived at `now` (seconds since the epoch). Never raises."""
    delivery = Delivery(
        id=delivery_id,
        message_id=message_identity(properties.message_id, body, _stable_text(properties)),
        body=body,
        attempt=attempt_of(properties),
        redelivered=redelivered,
        queue_ms=_queue_ms(properties.timestamp, now),
        delivered_at=now,
        trace=start_trace(traceparent_of(properties)),
    )
    return Original(delivery, properties)


def _queue_ms(timestamp: int | None, now: float) -> float | None:
    """Milliseconds from published to delivered; 0 where the producer's clock is ahead of ours."""
    return max(0.0, (now - timestamp) * 1000) if timestamp else None


def _stable_text(properties: Properties) -> str:
    """The properties that are the same on every delivery of one message.

    Headers are sorted, since the broker does so where it adds one of its own.
    """
    headers = sorted(
        (field.name, field.value)
        for field in properties.headers or ()
        if not is_brokers_own(field.name)
    )
    return repr(
        (
            properties.content_type,
            properties.content_encoding,
            properties.correlation_id,
            properties.reply_to,
            properties.timestamp,
            properties.type,
            properties.app_id,
            headers,
        )
    )
