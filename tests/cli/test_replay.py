"""`augment replay`: messages of a stream go into the work queue again, as they were."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pika import BasicProperties, BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.domain.settings import Settings
from tests.cli.augment import Augment
from tests.cli.letters import bodies, body_of

Publish = Callable[..., None]


@pytest.fixture
def stream(augment: Augment, settings: Settings) -> str:
    """The name of a stream that `init` made."""
    name = f"{settings.queue}.stream"
    assert augment("init", "--stream", name).code == 0
    return name


@pytest.fixture
def publish(channel: BlockingChannel, settings: Settings, stream: str) -> Publish:
    """Publishes messages as a producer does, and takes them from the work queue as the service."""
    channel.confirm_delivery()

    def publish_items(*item_ids: int, **properties: object) -> None:
        for item_id in item_ids:
            chosen = {"message_id": f"m-{item_id}", "delivery_mode": 2, **properties}
            channel.basic_publish(stream, "", body_of(item_id), BasicProperties(**chosen))  # type: ignore[arg-type]
        channel.queue_purge(settings.queue)

    return publish_items


def await_next_second() -> datetime:
    """The beginning of the second after this one, when it has begun."""
    then = (datetime.now(UTC) + timedelta(seconds=1)).replace(microsecond=0)
    while datetime.now(UTC) < then:
        time.sleep(0.01)  # the clock on the wall tells nobody of its seconds
    return then


def test_a_producer_of_the_exchange_reaches_queue_and_stream(
    augment: Augment, settings: Settings, channel: BlockingChannel, stream: str
) -> None:
    channel.confirm_delivery()
    channel.basic_publish(stream, "", body_of(1), mandatory=True)
    assert bodies(channel, settings.queue) == [body_of(1)]
    assert "(offsets 0 to 0) would go" in augment("replay", "--dry-run").out


def test_all_of_a_stream_comes_again_with_body_id_and_properties(
    augment: Augment,
    settings: Settings,
    channel: BlockingChannel,
    publish: Publish,
    stream: str,
) -> None:
    headers = {"x-of-the-producer": "kept", "CC": ["elsewhere"]}
    publish(*range(1, 31), headers=headers, user_id="guest", expiration="3600000", app_id="shop")
    ran = augment("replay")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"30 messages of stream {stream} (offsets 0 to 29) went → {settings.queue}.\n"
    )
    method, properties, body = channel.basic_get(settings.queue, auto_ack=True)
    assert method is not None
    assert properties is not None
    assert (properties.message_id, properties.app_id, body) == ("m-1", "shop", body_of(1))
    assert set(properties.headers or {}) - {"x-delivery-count"} == {"x-of-the-producer"}
    assert (properties.user_id, properties.expiration) == (None, None)
    assert bodies(channel, settings.queue) == [body_of(n) for n in range(2, 31)]


def test_a_message_without_an_id_is_the_same_job_again(
    augment: Augment, settings: Settings, channel: BlockingChannel, stream: str
) -> None:
    channel.confirm_delivery()
    channel.basic_publish(stream, "", body_of(1), BasicProperties(content_type="application/json"))
    channel.queue_purge(settings.queue)
    augment("replay")
    augment("replay")
    ids = set()
    for _ in range(2):
        _, properties, _ = channel.basic_get(settings.queue, auto_ack=True)
        assert properties is not None
        ids.add(properties.message_id)
    assert len(ids) == 1
    assert None not in ids


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--from", "7"), [8, 9, 10]),
        (("--from", "2", "--until", "4"), [3, 4, 5]),
        (("--limit", "2"), [1, 2]),
        (("--from", "9", "--limit", "5"), [10]),
        (("--dry-run",), []),
        (("--from", "10"), []),
        (("--from", "5", "--until", "4"), []),
    ],
)
def test_offsets_and_a_limit_choose_what_comes(
    augment: Augment,
    settings: Settings,
    channel: BlockingChannel,
    publish: Publish,
    arguments: tuple[str, ...],
    expected: list[int],
) -> None:
    publish(*range(1, 11))
    assert augment("replay", *arguments).code == 0
    assert bodies(channel, settings.queue) == [body_of(n) for n in expected]


def test_times_choose_what_comes(
    augment: Augment, settings: Settings, channel: BlockingChannel, publish: Publish
) -> None:
    publish(1, 2)
    middle = await_next_second()
    publish(3, 4)
    assert augment("replay", "--from", middle.isoformat()).code == 0
    assert bodies(channel, settings.queue) == [body_of(3), body_of(4)]
    assert augment("replay", "--until", middle.isoformat()).code == 0
    assert bodies(channel, settings.queue) == [body_of(1), body_of(2)]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert "Nothing to replay" in augment("replay", "--from", tomorrow).out
    assert augment("replay", "--until", tomorrow).code == 0
    assert bodies(channel, settings.queue) == [body_of(n) for n in (1, 2, 3, 4)]


def test_it_ends_although_messages_keep_arriving(
    augment: Augment, settings: Settings, publish: Publish, stream: str
) -> None:
    publish(*range(1, 11))
    enough = threading.Event()

    def produce() -> None:
        connection = BlockingConnection(URLParameters(settings.amqp_url.get_secret_value()))
        channel = connection.channel()
        channel.confirm_delivery()
        while not enough.is_set():
            channel.basic_publish(stream, "", body_of(11))
        connection.close()

    producer = threading.Thread(target=produce)
    producer.start()
    try:
        ran = augment("replay")
    finally:
        enough.set()
        producer.join()
    assert ran.code == 0
    count = int(ran.out.split()[0])
    assert count >= 10
    assert f"(offsets 0 to {count - 1}) went" in ran.out


def test_an_interrupted_replay_says_where_to_go_on(
    augment: Augment, settings: Settings, channel: BlockingChannel, publish: Publish
) -> None:
    publish(1, 2, 3)
    channel.queue_delete(settings.queue)
    ran = augment("replay", "--from", "1")
    assert ran.code == 1
    assert "missing" in ran.err
    assert "0 went; go on with --from 1" in ran.err


def test_an_empty_stream_has_nothing_to_replay(
    augment: Augment, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.rabbitmq.stream.EMPTY_SECONDS", 0.5)
    assert "Nothing to replay" in augment("replay").out


def test_a_stream_that_is_missing_or_none_is_refused_and_nothing_of_it_is_read(
    augment: Augment, settings: Settings, channel: BlockingChannel
) -> None:
    augment("init")
    missing = augment("replay")
    assert missing.code == 1
    assert f"augment init --stream {settings.queue}.stream" in missing.err
    channel.confirm_delivery()
    channel.basic_publish("", settings.completed_queue, b"kept")
    no_stream = augment("replay", "--stream", settings.completed_queue)
    assert no_stream.code == 1
    assert "is a queue and no stream" in no_stream.err
    assert bodies(channel, settings.completed_queue) == [b"kept"]


def test_init_makes_a_stream_once_and_leaves_an_exchange_of_others_alone(
    augment: Augment, channel: BlockingChannel, stream: str
) -> None:
    again = augment("init", "--stream", stream)
    assert again.code == 0
    (line,) = again.lines_with("stream ")
    assert line.split()[1:] == [stream, "there", "already"]
    channel.exchange_declare(f"{stream}-other", "topic", durable=True)
    other = augment("init", "--stream", f"{stream}-other")
    assert other.code == 1
    assert "choose another name for the stream" in other.err
    channel.exchange_delete(f"{stream}-other")


@pytest.mark.parametrize(
    "arguments", [("--from", "yesterday"), ("--until", "first"), ("--limit", "0")]
)
def test_wrong_positions_are_told(augment: Augment, arguments: tuple[str, ...]) -> None:
    ran = augment("replay", *arguments)
    assert ran.code == 2
    assert arguments[0] in ran.err
