"""A producer and a consumer that know nothing but the contract, on another AMQP library: kombu."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from kombu import Connection, Consumer, Exchange, Producer, Queue

from tests.fix_flow import Flows
from tests.fix_messages import small_photograph, source_key
from tests.fix_service import Service


def test_a_third_party_can_publish_and_consume_knowing_only_the_contract(
    service: Service, flows: Flows
) -> None:
    service.put(123)
    body = {"itemId": 123, "categoria": "moedas", "objectKey": source_key(123)}
    url = service.environment["AUGMENT_AMQP_URL"]
    with Connection(url) as connection:
        Producer(connection).publish(
            body, routing_key=service.queue, serializer="json", message_id="order-1", headers={}
        )
        flows.drain(service)
        received = _receive(connection, service.completed_queue)
    message_id, properties, completion = received
    assert properties["type"] == "augmentation.completed"
    assert properties["correlation_id"] == "order-1"
    assert properties["content_type"] == "application/json"
    assert completion["itemId"] == 123
    assert completion["categoria"] == "moedas"
    assert completion["badQuality"] is False
    assert set(completion["quality"]) == {"blur", "brightness", "contrast"}
    assert completion["source"] == {
        "bucket": service.environment["AUGMENT_SOURCE_BUCKET"],
        "objectKey": source_key(123),
        "md5": hashlib.md5(small_photograph(123), usedforsecurity=False).hexdigest(),
        "width": 320,
        "height": 240,
        "bytes": len(small_photograph(123)),
    }
    named = {(each["bucket"], each["objectKey"]): each["md5"] for each in completion["variations"]}
    assert len(named) == 9
    assert service.md5_of_objects(named) == named
    assert completion["skipped"] == []
    assert completion["attempts"] == 1
    assert completion["completedAt"].endswith("Z")
    assert datetime.fromisoformat(completion["completedAt"]).tzinfo is not None
    [job] = service.rows("augmentation_jobs")
    assert (job["id"], job["message_id"]) == (completion["jobId"], "order-1")
    assert message_id


def test_a_third_party_finds_its_own_headers_on_a_dead_letter(
    service: Service, flows: Flows
) -> None:
    url = service.environment["AUGMENT_AMQP_URL"]
    with Connection(url) as connection:
        Producer(connection).publish(
            {"itemId": 0, "categoria": "moedas", "objectKey": "a.jpg"},
            routing_key=service.queue,
            message_id="order-2",
            headers={"tenant": "lisboa", "priority": 7},
            correlation_id="basket-9",
        )
        flows.drain(service)
        message_id, properties, body = _receive(connection, service.dead_letter_queue)
    assert message_id == "order-2"
    assert body == {"itemId": 0, "categoria": "moedas", "objectKey": "a.jpg"}
    assert properties["correlation_id"] == "basket-9"
    headers = properties["headers"]
    assert headers["tenant"] == "lisboa"
    assert headers["priority"] == 7
    assert headers["x-error-type"] == "invalid_message"
    assert headers["x-error"].startswith("itemId: ")
    assert service.rows("augmentation_jobs") == []


def _receive(connection: Connection, name: str) -> tuple[str, dict[str, Any], Any]:
    """The one message of a queue that is there already."""
    received: list[tuple[str, dict[str, Any], Any]] = []

    def on_message(body: Any, message: Any) -> None:
        properties = {**message.properties, "content_type": message.content_type}
        properties["headers"] = message.headers
        received.append((message.properties["message_id"], properties, body))
        message.ack()

    queue = Queue(name, Exchange(""), routing_key=name, no_declare=True)
    with Consumer(connection, [queue], callbacks=[on_message], accept=["json"]):
        connection.drain_events(timeout=30)
    [only] = received
    return only
