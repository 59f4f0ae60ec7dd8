"""Any properties of a message: read without an exception, and written again as they were."""

from __future__ import annotations

from colecionador.domain.messages import DeliveryId
from connectors.rabbitmq.inbound import receive
from connectors.rabbitmq.properties import decode_properties, encode_properties


def check_properties(encoded: bytes) -> None:
    """Decode properties, make a delivery of them, and encode them for a retry."""
    properties = decode_properties(encoded)
    delivery = receive(DeliveryId("lane-0", 1, 1), False, properties, b"{}", 1.0).delivery
    assert delivery.attempt >= 1
    assert delivery.message_id
    # PostgreSQL stores neither a NUL nor half a character.
    assert "\x00" not in delivery.message_id
    delivery.message_id.encode()
    again = decode_properties(encode_properties(properties))
    assert again == properties
