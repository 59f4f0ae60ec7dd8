"""`augment dlq`: looking, sending back and throwing away, none of which disturbs the rest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import orjson
import psycopg
import pytest
from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.domain.settings import Settings
from connectors.postgres.ledger import PostgresLedger
from connectors.rabbitmq.dead_letters import open_dead_letters
from connectors.rabbitmq.queues import DELIVERY_LIMIT
from connectors.telemetry.fan_out import FanOut
from tests.cli.augment import Augment
from tests.cli.letters import a_letter, bodies, body_of
from tests.conformance.ledger_items import PLAN, an_item

ROOT = Path(__file__).parents[2]

PutLetters = Callable[..., None]


@pytest.fixture
def dead_letters(settings: Settings) -> str:
    """The name of the dead-letter queue."""
    return f"{settings.queue}.dlq"


@pytest.fixture
def put(augment: Augment, dead_letters: str, channel: BlockingChannel) -> PutLetters:
    """Puts dead letters of an item or several into the queue, which is there."""
    augment("init")
    channel.confirm_delivery()

    def put_letters(*item_ids: int, error_type: str = "source_missing", **how: object) -> None:
        for item_id in item_ids:
            a_letter(channel, dead_letters, item_id, error_type, **how)  # type: ignore[arg-type]

    return put_letters


def listed(augment: Augment, *filters: str) -> list[dict[str, object]]:
    """What `list --json` prints."""
    ran = augment("dlq", "list", "--json", *filters)
    assert (ran.code, ran.err) == (0, "")
    return [orjson.loads(line) for line in ran.out.splitlines()]


def move_by_broker(channel: BlockingChannel, settings: Settings, message_id: str) -> None:
    """Let a message of the work queue reach the delivery limit."""
    properties = BasicProperties(message_id=message_id, delivery_mode=2)
    channel.basic_publish("", settings.queue, body_of(9), properties)
    for _ in range(DELIVERY_LIMIT + 1):
        method = None
        while method is None:
            method, _, _ = channel.basic_get(settings.queue)
        channel.basic_nack(method.delivery_tag or 0, requeue=True)
    while not channel.queue_declare(f"{settings.queue}.dlq", passive=True).method.message_count:
        channel.connection.process_data_events(0.02)


def test_list_groups_by_type_and_says_what_to_do_about_each(
    augment: Augment, put: PutLetters
) -> None:
    put(*range(1, 13))
    put(13, error_type="corrupt_image")
    ran = augment("dlq", "list")
    assert ran.code == 0
    heads = [line.split(",")[0] for line in ran.lines_with(" letter") if line[0] != " "]
    assert heads == ["source_missing: 12 letters", "corrupt_image: 1 letter"]
    assert ran.lines_with("upload the object under the key of the message, then replay")
    assert ran.lines_with("… and 2 more: augment dlq list --error-type source_missing --json")
    (row,) = ran.lines_with("m-13")
    assert row.split()[:4] == ["m-13", "13", "moedas", "3"]


def test_list_as_json_is_one_object_a_line_with_the_names_of_the_contract(
    augment: Augment, put: PutLetters
) -> None:
    put(7)
    put(8, body=b"\xff no message", error_type="invalid_message")
    first, second = listed(augment)
    assert list(first) == [
        "messageId",
        "itemId",
        "categoria",
        "errorType",
        "error",
        "attempt",
        "failedAt",
    ]
    assert (first["messageId"], first["itemId"], first["categoria"]) == ("m-7", 7, "moedas")
    assert (first["errorType"], first["attempt"]) == ("source_missing", 3)
    assert str(first["failedAt"]).endswith("Z")
    assert (second["itemId"], second["categoria"]) == (None, None)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("--id", "m-2"), [2]),
        (("--error-type", "corrupt_image"), [2, 3]),
        (("--categoria", "arte"), [3]),
        (("--item", "1"), [1]),
        (("--older-than", "3600"), [1, 3]),
        (("--older-than", "3600", "--error-type", "corrupt_image"), [3]),
        (("--id", "m-9"), []),
    ],
)
def test_filters_pick_letters(
    augment: Augment, put: PutLetters, filters: tuple[str, ...], expected: list[int]
) -> None:
    put(1, age_seconds=7200)
    put(2, error_type="corrupt_image")
    put(3, error_type="corrupt_image", categoria="arte", age_seconds=7200)
    assert [letter["itemId"] for letter in listed(augment, *filters)] == expected


def test_looking_again_and_again_neither_drops_nor_reorders(
    augment: Augment, put: PutLetters, channel: BlockingChannel, dead_letters: str
) -> None:
    put(*range(1, 41))
    for _ in range(DELIVERY_LIMIT + 2):
        assert [letter["itemId"] for letter in listed(augment)] == list(range(1, 41))
    augment("dlq", "show", "m-20")
    assert bodies(channel, dead_letters) == [body_of(n) for n in range(1, 41)]


def test_show_prints_headers_and_body_of_one_letter(augment: Augment, put: PutLetters) -> None:
    put(1, 2)
    ran = augment("dlq", "show", "--id", "m-2")
    assert ran.code == 0
    assert [line.split() for line in ran.lines_with("x-of-the-producer")] == [
        ["x-of-the-producer", "kept"]
    ]
    assert ran.lines_with("x-first-failed-at")
    assert ran.lines_with('"itemId": 2')
    assert not ran.lines_with("m-1")


def test_show_without_an_id_shows_the_oldest_that_is_meant(
    augment: Augment, put: PutLetters
) -> None:
    put(1, 2)
    put(3, 4, error_type="corrupt_image")
    assert augment("dlq", "show").out.startswith("Message m-1: source_missing\n")
    oldest = augment("dlq", "show", "--error-type", "corrupt_image")
    assert oldest.out.startswith("Message m-3: corrupt_image\n")
    assert not oldest.lines_with("m-4")
    assert augment("dlq", "show", "--item", "9").code == 1


def test_show_of_an_unknown_letter_is_a_finding(augment: Augment, put: PutLetters) -> None:
    put(1)
    ran = augment("dlq", "show", "m-9")
    assert ran.code == 1
    assert 'no dead letter has the message id "m-9"' in ran.err


def test_replay_sends_what_is_meant_back_as_new_and_leaves_the_rest_in_order(
    augment: Augment,
    put: PutLetters,
    channel: BlockingChannel,
    settings: Settings,
    dead_letters: str,
) -> None:
    for item_id in range(1, 10):
        put(item_id, error_type="corrupt_image" if item_id % 3 == 0 else "source_missing")
    ran = augment("dlq", "replay", "--error-type", "corrupt_image")
    assert ran.code == 0
    assert ran.out == f"Replayed 3 dead letters (3 corrupt_image) → {settings.queue}; 6 left.\n"
    method, properties, body = channel.basic_get(settings.queue, auto_ack=True)
    assert method is not None
    assert properties is not None
    assert (properties.message_id, body) == ("m-3", body_of(3))
    assert set(properties.headers or {}) - {"x-delivery-count"} == {
        "x-of-the-producer",
        "x-replayed-at",
    }
    assert bodies(channel, settings.queue) == [body_of(6), body_of(9)]
    assert bodies(channel, dead_letters) == [body_of(n) for n in (1, 2, 4, 5, 7, 8)]


def test_a_message_that_cannot_be_sent_back_stays_a_dead_letter(
    augment: Augment,
    put: PutLetters,
    channel: BlockingChannel,
    settings: Settings,
    dead_letters: str,
) -> None:
    put(1, 2)
    channel.queue_delete(settings.queue)
    ran = augment("dlq", "replay")
    assert ran.code == 1
    assert "augment init" in ran.err
    assert "0 were replayed" in ran.err
    assert bodies(channel, dead_letters) == [body_of(1), body_of(2)]


def test_two_operators_at_once_send_each_letter_back_once(
    augment: Augment,
    put: PutLetters,
    channel: BlockingChannel,
    settings: Settings,
    dead_letters: str,
) -> None:
    put(*range(1, 201))
    command = [sys.executable, "-m", "colecionador.cli", "dlq", "replay"]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sum(line.startswith("Replayed 200 ") for line in said) == 1
    assert bodies(channel, settings.queue) == [body_of(n) for n in range(1, 201)]
    assert bodies(channel, dead_letters) == []


def test_a_killed_replay_loses_nothing_and_reorders_nothing(
    augment: Augment,
    put: PutLetters,
    channel: BlockingChannel,
    settings: Settings,
    dead_letters: str,
) -> None:
    put(*range(1, 101))
    program = """
import os
from datetime import UTC, datetime
from colecionador.domain.settings import load_settings
from connectors.rabbitmq.dead_letters import open_dead_letters

with open_dead_letters(load_settings()) as queue:
    for count, letter in enumerate(queue.letters()):
        if count == 50:
            queue.flush()
            os.kill(os.getpid(), 9)
        queue.replay(letter, datetime.now(UTC))
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, timeout=60)
    left = [letter["itemId"] for letter in listed(augment)]
    sent = bodies(channel, settings.queue)
    assert sent == [body_of(n) for n in range(1, 51)]
    assert {*left, *range(1, 51)} == set(range(1, 101))
    assert left == list(range(101 - len(left), 101))


def test_drop_asks_first_and_a_no_drops_nothing(
    augment: Augment, put: PutLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(1, 2)
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    ran = augment("dlq", "drop")
    assert ran.code == 1
    assert len(listed(augment)) == 2


def test_drop_takes_what_was_agreed_to_and_not_what_came_meanwhile(
    augment: Augment, put: PutLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(1, 2)
    put(3, error_type="corrupt_image")

    class SlowAnswer(StringIO):
        def readline(self, *_: object) -> str:  # type: ignore[override]  # the stubs say bytes
            put(4)
            assert len(listed(augment)) == 4
            return "y\n"

    monkeypatch.setattr("sys.stdin", SlowAnswer())
    ran = augment("dlq", "drop", "--error-type", "source_missing")
    assert ran.code == 0
    assert ran.out.endswith("Dropped 2 dead letters (2 source_missing); 2 left.\n")
    assert [letter["itemId"] for letter in listed(augment)] == [3, 4]


def test_drop_with_yes_asks_nothing(augment: Augment, put: PutLetters) -> None:
    put(1, 2)
    ran = augment("dlq", "drop", "--yes", "--item", "1")
    assert (ran.code, ran.out) == (0, "Dropped 1 dead letter (1 source_missing); 1 left.\n")
    assert [letter["itemId"] for letter in listed(augment)] == [2]


def test_a_letter_that_the_broker_moved_is_poison_and_its_job_failed(
    augment: Augment,
    settings: Settings,
    channel: BlockingChannel,
    session: psycopg.Connection,
) -> None:
    augment("init")
    ledger = PostgresLedger(settings.database_url.get_secret_value(), 1, FanOut(()))
    ledger.register([an_item("m-9", item_id=9)], PLAN)
    ledger.close()
    move_by_broker(channel, settings, "m-9")
    (letter,) = listed(augment)
    assert (letter["errorType"], letter["itemId"]) == ("poison", 9)
    assert letter["failedAt"] is not None
    row = "SELECT status, error_type, failed_at FROM augmentation_jobs WHERE message_id = 'm-9'"
    first = session.execute(row).fetchone()
    assert first is not None
    assert first[:2] == ("failed", "poison")
    listed(augment)
    assert session.execute(row).fetchone() == first


def test_letters_are_shown_although_their_jobs_cannot_be_marked(
    augment: Augment,
    settings: Settings,
    channel: BlockingChannel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    augment("init")
    move_by_broker(channel, settings, "m-9")
    monkeypatch.setenv("AUGMENT_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    ran = augment("dlq", "list")
    assert ran.code == 1
    assert ran.lines_with("poison: 1 letter")
    assert "could not be marked as failed" in ran.err


def test_one_operator_at_a_time(
    augment: Augment, put: PutLetters, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(1)
    monkeypatch.setattr("connectors.rabbitmq.operator_lock.LOCK_SECONDS", 0.5)
    with open_dead_letters(settings):
        ran = augment("dlq", "list")
    assert ran.code == 1
    assert "another `augment dlq` works on it" in ran.err
    assert augment("dlq", "list").code == 0


def test_without_the_queue_it_says_what_to_run(augment: Augment) -> None:
    ran = augment("dlq", "list")
    assert ran.code == 1
    assert "augment init" in ran.err


def test_an_empty_queue_is_said_to_be_empty(augment: Augment, put: PutLetters) -> None:
    put()
    assert augment("dlq", "list").out == "No dead letters.\n"
    assert augment("dlq", "replay").out == "No dead letter matches; 0 left.\n"
    assert augment("dlq", "drop").out == "No dead letter matches.\n"


@pytest.mark.parametrize(
    "arguments",
    [("list", "--error-type", "nonsense"), ("show", "a", "b"), ("list", "--item", "0"), ("lits",)],
)
def test_wrong_usage_is_told(augment: Augment, arguments: tuple[str, ...]) -> None:
    ran = augment("dlq", *arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("limit", [1, 3])
def test_no_letter_is_dropped_by_looking_where_others_set_a_delivery_limit(
    augment: Augment,
    settings: Settings,
    channel: BlockingChannel,
    dead_letters: str,
    limit: int,
) -> None:
    limited = {"x-queue-type": "quorum", "x-max-length": 1000, "x-delivery-limit": limit}
    channel.queue_declare(dead_letters, durable=True, arguments=limited)
    augment("init")
    channel.confirm_delivery()
    for item_id in range(1, 6):
        a_letter(channel, dead_letters, item_id)
    for _ in range(3 * limit + 4):
        assert {letter["itemId"] for letter in listed(augment)} == set(range(1, 6))


def test_letters_of_a_classic_queue_keep_their_order_too(
    augment: Augment, settings: Settings, channel: BlockingChannel, dead_letters: str
) -> None:
    channel.queue_declare(dead_letters, durable=True)
    augment("init")
    channel.confirm_delivery()
    for item_id in range(1, 8):
        a_letter(channel, dead_letters, item_id)
    assert augment("dlq", "replay", "--item", "4").code == 0
    assert [letter["itemId"] for letter in listed(augment)] == [1, 2, 3, 5, 6, 7]
    assert bodies(channel, dead_letters) == [body_of(n) for n in (1, 2, 3, 5, 6, 7)]
