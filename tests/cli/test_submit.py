"""`augment submit`: what arrives in the bucket and in the queue."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.cli.photographs import Photograph, message_id
from colecionador.domain.messages import Delivery, DeliveryId, Item, parse_message
from colecionador.domain.settings import Settings
from connectors.s3 import S3Store
from connectors.telemetry.fan_out import FanOut
from tests.cli.augment import Augment

Message = tuple[BasicProperties, dict[str, Any]]


def messages(channel: BlockingChannel, queue: str) -> list[Message]:
    """What is in a queue, taken out."""
    found: list[Message] = []
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None or properties is None or body is None:
            return found
        found.append((properties, json.loads(body)))


def stored(settings: Settings, object_key: str) -> bytes:
    """An object of the source bucket."""
    found = S3Store(settings, FanOut(())).download(settings.source_bucket, object_key, 1000)
    return getattr(found, "data", b"")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images, one of them deeper and in capitals, and a file that is none."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "b.png").write_bytes(b"second")
    (folder / "a.jpg").write_bytes(b"first")
    (folder / "more" / "c.JPEG").write_bytes(b"third")
    (folder / "notes.txt").write_bytes(b"no image")
    return folder


def test_an_image_becomes_an_object_and_a_message(
    augment: Augment, settings: Settings, channel: BlockingChannel, folder: Path
) -> None:
    augment("init")
    ran = augment("submit", str(folder / "a.jpg"), "--categoria", "moedas", "--item-id", "123")
    assert (ran.code, ran.err) == (0, "")
    ((properties, body),) = messages(channel, settings.queue)
    md5 = hashlib.md5(b"first").hexdigest()
    assert body == {
        "itemId": 123,
        "categoria": "moedas",
        "bucket": settings.source_bucket,
        "objectKey": f"originals/123/{md5[:12]}.jpg",
    }
    assert stored(settings, body["objectKey"]) == b"first"
    assert properties.message_id
    assert properties.delivery_mode == 2
    assert properties.content_type == "application/json"
    assert properties.timestamp is not None
    assert abs(properties.timestamp - time.time()) < 60


def test_a_folder_is_searched_for_images_and_their_ids_count_up(
    augment: Augment, settings: Settings, channel: BlockingChannel, folder: Path
) -> None:
    augment("init")
    ran = augment("submit", str(folder), "--categoria", "carros", "--item-id", "10")
    assert ran.lines_with("3 items (10 … 12)")
    sent = [(body["itemId"], body["objectKey"]) for _, body in messages(channel, settings.queue)]
    assert [item_id for item_id, _ in sent] == [10, 11, 12]
    assert [stored(settings, key) for _, key in sent] == [b"first", b"second", b"third"]
    assert sent[2][1].endswith(".jpeg")


def test_without_an_item_id_the_same_image_is_the_same_item_and_message(
    augment: Augment, settings: Settings, channel: BlockingChannel, folder: Path
) -> None:
    augment("init")
    (folder / "copy.jpg").write_bytes(b"first")
    for name in ("a.jpg", "copy.jpg", "b.png"):
        augment("submit", str(folder / name), "--categoria", "arte")
    first, copy, other = messages(channel, settings.queue)
    assert first[1] == copy[1]
    assert first[0].message_id == copy[0].message_id
    assert first[1]["itemId"] == 1 + int(hashlib.md5(b"first").hexdigest()[:13], 16)
    assert (other[1]["itemId"], other[0].message_id) != (first[1]["itemId"], first[0].message_id)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.jpg", "--categoria", "No Such"), 'categoria: "No Such"'),
        (("a.jpg", "gone.jpg", "--categoria", "arte"), "not there: gone.jpg"),
        (("empty", "--categoria", "arte"), "no .jpg, .jpeg, .png in empty"),
        (("a.jpg", "b.jpg", "--categoria", "arte", "--item-id", str(2**63 - 1)), "itemId"),
    ],
)
def test_what_the_service_would_refuse_is_refused_before_anything_is_sent(
    offline: Augment, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"image")
    ran = offline("submit", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_a_missing_queue_is_told_with_its_remedy(
    augment: Augment, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    augment("init")
    monkeypatch.setenv("AUGMENT_QUEUE", "elsewhere")
    ran = augment("submit", str(folder), "--categoria", "arte")
    assert ran.code == 1
    assert "3 of 3 images were not submitted" in ran.err
    assert 'queue "elsewhere" is missing; run: augment init' in ran.err


def test_an_image_that_cannot_be_read_is_named_and_the_others_are_sent(
    augment: Augment, settings: Settings, channel: BlockingChannel, folder: Path
) -> None:
    augment("init")
    (folder / "broken.jpg").symlink_to("/proc/self/mem")
    ran = augment("submit", str(folder), "--categoria", "arte")
    assert ran.code == 1
    assert "1 of 4 images were not submitted" in ran.err
    assert "broken.jpg" in ran.err
    assert len(messages(channel, settings.queue)) == 3


def test_a_store_that_is_down_sends_no_message(
    augment: Augment,
    settings: Settings,
    channel: BlockingChannel,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
) -> None:
    augment("init")
    monkeypatch.setenv("AUGMENT_S3_ENDPOINT", "http://127.0.0.1:1")
    ran = augment("submit", str(folder), "--categoria", "arte")
    assert ran.code == 1
    assert "AUGMENT_S3_ENDPOINT" in ran.err
    assert messages(channel, settings.queue) == []


NAMES = st.text(st.characters(exclude_characters="/\x00", codec="utf-8"), min_size=1, max_size=50)


@given(NAMES, st.integers(1, 2**63 - 1), st.text("0123456789abcdef", min_size=32, max_size=32))
def test_whatever_a_file_is_called_its_message_is_valid_or_refused_for_its_key(
    name: str, item_id: int, md5: str
) -> None:
    photograph = Photograph(Path(name), item_id, md5)
    body = photograph.body("arte", "images")
    delivery = Delivery(DeliveryId("lane", 1, 1), message_id(body), body)
    parsed = parse_message(delivery, default_bucket="images", allowed_buckets=["images"])
    if isinstance(parsed, Item):
        assert (parsed.item_id, parsed.object_key) == (item_id, photograph.object_key)
    else:
        assert "objectKey" in parsed.failure.error
