"""The dead-letter queue in an operator's hands: every letter keeps its place, however it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest

from colecionador.domain.settings import Settings
from connectors.rabbitmq import BrokerError, declare_topology
from connectors.rabbitmq import dead_letters as module
from connectors.rabbitmq.dead_letters import open_dead_letters
from connectors.rabbitmq.field_table import integer_field, text_field
from connectors.rabbitmq.properties import Properties
from connectors.rabbitmq.tolerant_connection import Envelope
from tests.fix_broker import Broker, Letter
from tests.fix_proxy import Proxy

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(broker: Broker) -> Iterator[Settings]:
    """Queues of the test's own."""
    chosen = broker.settings()
    declare_topology(chosen)
    yield chosen
    broker.remove(chosen)


def numbered(count: int, first: int = 0) -> list[Letter]:
    """Letters whose bodies are their numbers."""
    return [
        Letter(Properties(message_id=b"m-%d" % n, delivery_mode=2), b"%d" % n)
        for n in range(first, first + count)
    ]


def put(broker: Broker, settings: Settings, letters: list[Letter]) -> None:
    broker.publish(f"{settings.queue}.dlq", *letters)


def looked_at(settings: Settings) -> list[int]:
    with open_dead_letters(settings) as queue:
        return [int(letter.original.delivery.body) for letter in queue.letters()]


def replay_over_a_cut(settings: Settings, proxy: Proxy) -> None:
    with open_dead_letters(settings) as queue:
        held = list(islice(queue.letters(), 20))
        proxy.cut()
        queue.replay(held[-1], NOW)
        queue.flush()


def await_ready(broker: Broker, settings: Settings, count: int) -> None:
    deadline = time.monotonic() + 60
    while broker.ready(f"{settings.queue}.dlq") < count:
        assert time.monotonic() < deadline, f"waited 60 s for {count} letters"


def left(broker: Broker, settings: Settings) -> list[int]:
    return [int(letter.body) for letter in broker.take(f"{settings.queue}.dlq")]


def test_letters_of_many_consumers_go_back_in_order(
    broker: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SMALLEST_SHARE", 10)
    put(broker, settings, numbered(300))
    for _ in range(3):
        assert looked_at(settings) == list(range(300))
    put(broker, settings, numbered(20, first=300))
    assert looked_at(settings) == list(range(320))


@pytest.mark.parametrize("every", [2, 3, 7])
def test_what_is_not_settled_keeps_its_order_among_what_is(
    broker: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setattr(module, "SMALLEST_SHARE", 8)
    put(broker, settings, numbered(200))
    with open_dead_letters(settings) as queue:
        for letter in queue.letters():
            number = int(letter.original.delivery.body)
            if number % every == 0:
                queue.replay(letter, NOW)
            elif number % every == 1:
                queue.drop(letter)
    assert looked_at(settings) == [n for n in range(200) if n % every > 1]
    sent = [int(letter.body) for letter in broker.take(settings.queue)]
    assert sent == list(range(0, 200, every))


def test_walking_on_half_way_gives_everything_back_in_order(
    broker: Broker, settings: Settings
) -> None:
    put(broker, settings, numbered(50))
    with open_dead_letters(settings) as queue:
        assert len(list(islice(queue.letters(), 20))) == 20
    assert looked_at(settings) == list(range(50))


def test_letters_that_arrive_meanwhile_are_left_alone_behind_the_others(
    broker: Broker, settings: Settings
) -> None:
    put(broker, settings, numbered(5))
    with open_dead_letters(settings) as queue:
        seen: list[int] = []
        for letter in queue.letters():
            put(broker, settings, numbered(1, first=100 + len(seen)))
            seen.append(int(letter.original.delivery.body))
    assert seen == [0, 1, 2, 3, 4]
    assert looked_at(settings) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]


def test_a_replayed_letter_that_fails_again_at_once_is_not_replayed_twice(
    broker: Broker, settings: Settings
) -> None:
    put(broker, settings, numbered(3))
    with open_dead_letters(settings) as queue:
        for letter in queue.letters():
            queue.replay(letter, NOW)
            queue.flush()
            (again,) = broker.take(settings.queue)
            put(broker, settings, [again])
    assert left(broker, settings) == [0, 1, 2]


def test_a_connection_that_is_lost_gives_everything_back_in_order(
    broker: Broker, settings: Settings, proxy: Proxy
) -> None:
    put(broker, settings, numbered(40))
    through = broker.settings(proxy.port).model_copy(
        update={"queue": settings.queue, "completed_queue": settings.completed_queue}
    )
    with pytest.raises(BrokerError):
        replay_over_a_cut(through, proxy)
    await_ready(broker, settings, 40)
    assert looked_at(settings) == list(range(40))


def test_a_replayed_message_starts_anew_and_keeps_what_is_its_producers(
    broker: Broker, settings: Settings
) -> None:
    headers = (
        text_field("x-of-the-producer", "kept"),
        integer_field("x-attempt", 3),
        text_field("x-error-type", "internal"),
        text_field("x-error", "why"),
        text_field("x-first-failed-at", "2026-11-24T12:00:00.000Z"),
        text_field("x-failed-at", "2026-11-24T12:00:00.000Z"),
    )
    properties = Properties(headers=headers, app_id=b"shop", timestamp=7, message_id=b"m")
    put(broker, settings, [Letter(properties, b"\xff\x00 untouched")])
    with open_dead_letters(settings) as queue:
        for letter in queue.letters():
            assert (letter.facts.attempt, letter.facts.error) == (3, "why")
            queue.replay(letter, NOW)
    (sent,) = broker.take(settings.queue)
    assert sent.body == b"\xff\x00 untouched"
    assert (sent.properties.app_id, sent.properties.timestamp) == (b"shop", 7)
    assert sent.properties.headers == (
        headers[0],
        text_field("x-replayed-at", "2026-11-24T12:00:00.000Z"),
    )


def test_letters_with_nonsense_in_their_headers_are_held_like_any_other(
    broker: Broker, settings: Settings
) -> None:
    odd = (
        text_field("x-failed-at", "the day before"),
        text_field("x-attempt", "many"),
        integer_field("x-error-type", 7),
        text_field("x-death", "no table"),
    )
    put(broker, settings, [Letter(Properties(headers=odd), b"1"), *numbered(1, first=2)])
    with open_dead_letters(settings) as queue:
        first, _ = (letter.facts for letter in queue.letters())
    assert (first.error_type, first.attempt, first.failed_at) == ("poison", 1, None)
    assert looked_at(settings) == [1, 2]


def test_thousands_of_letters_are_looked_at_and_keep_their_order(
    broker: Broker, settings: Settings
) -> None:
    with broker.channel() as channel:
        for letter in numbered(3_000):
            envelope = Envelope(letter.properties)
            channel.basic_publish("", f"{settings.queue}.dlq", letter.body, envelope)
        # Closed before, the channel would take along what is still on its way to the queue.
        await_ready(broker, settings, 3_000)
    assert looked_at(settings) == list(range(3_000))
    assert looked_at(settings) == list(range(3_000))
