"""A stream, read from a position to what was last: chunks of many messages, and what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from colecionador.domain.settings import Settings
from connectors.rabbitmq import BrokerError, declare_topology
from connectors.rabbitmq.field_table import Field, text_field
from connectors.rabbitmq.properties import Properties
from connectors.rabbitmq.stream import open_stream
from connectors.rabbitmq.stream_topology import declare_stream
from connectors.rabbitmq.tolerant_connection import Envelope
from tests.fix_broker import Broker


@pytest.fixture
def settings(broker: Broker) -> Iterator[Settings]:
    """Queues of the test's own, and a stream that is named after the work queue."""
    chosen = broker.settings()
    declare_topology(chosen)
    declare_stream(chosen, f"{chosen.queue}.stream")
    yield chosen
    broker.remove(chosen)
    with broker.channel() as channel:
        channel.queue_delete(f"{chosen.queue}.stream")
        channel.exchange_delete(f"{chosen.queue}.stream")


def produce(
    broker: Broker, settings: Settings, count: int, properties: Properties | None = None
) -> None:
    """Put messages into the stream alone, without waiting between them, so that chunks are large.

    Their bodies are their offsets.
    """
    name = f"{settings.queue}.stream"
    with broker.channel() as channel:
        for n in range(count - 1):
            channel.basic_publish("", name, b"%d" % n, Envelope(properties or Properties()))
        channel.confirm_delivery()
        channel.basic_publish("", name, b"%d" % (count - 1), Envelope(properties or Properties()))


def test_the_last_offset_is_known_at_once_although_the_brokers_count_lags(
    broker: Broker, settings: Settings
) -> None:
    produce(broker, settings, 3000)
    with open_stream(settings, f"{settings.queue}.stream") as stream:
        assert stream.last == 2999
        offsets = [message.offset for message in stream.messages("first", 2999)]
    assert offsets == list(range(3000))


def test_an_offset_within_a_chunk_is_where_reading_begins_and_ends(
    broker: Broker, settings: Settings
) -> None:
    produce(broker, settings, 1000)
    with open_stream(settings, f"{settings.queue}.stream") as stream:
        found = [int(message.original.delivery.body) for message in stream.messages(17, 43)]
    assert found == list(range(17, 44))


def test_a_moment_after_the_last_message_has_none(broker: Broker, settings: Settings) -> None:
    produce(broker, settings, 10)
    now = datetime.now(UTC)
    with open_stream(settings, f"{settings.queue}.stream") as stream:
        assert stream.first_since(now + timedelta(hours=1)) is None
        assert stream.first_since(now - timedelta(hours=1)) == 0


def test_headers_that_no_library_decodes_come_again_as_they_were(
    broker: Broker, settings: Settings
) -> None:
    year_60000 = Field(b"x-when", b"T" + (1_831_000_000_000).to_bytes(8))
    headers = (text_field("x-text", "kept"), year_60000)
    produce(broker, settings, 2, Properties(headers=headers, message_id=b"m", app_id=b"\xff"))
    with open_stream(settings, f"{settings.queue}.stream") as stream:
        for message in stream.messages("first", 1):
            stream.replay(message, lambda: None)
        stream.flush()
    for letter in broker.take(settings.queue, 2):
        assert letter.properties.headers == headers
        assert (letter.properties.message_id, letter.properties.app_id) == (b"m", b"\xff")


def test_a_queue_that_is_no_stream_is_not_read(broker: Broker, settings: Settings) -> None:
    with (
        pytest.raises(BrokerError, match="is a queue and no stream"),
        open_stream(settings, settings.queue),
    ):
        pass
    with pytest.raises(BrokerError, match="augment init --stream"), open_stream(settings, "none"):
        pass


def test_a_stream_that_its_owner_declared_otherwise_is_used_as_it_is(
    broker: Broker, settings: Settings
) -> None:
    name = f"{settings.queue}.own"
    with broker.channel() as channel:
        channel.queue_declare(name, durable=True, arguments={"x-queue-type": "stream"})
    assert "x-max-age" in declare_stream(settings, name).difference
    with broker.channel() as channel:
        channel.queue_delete(name)
        channel.exchange_delete(name)
