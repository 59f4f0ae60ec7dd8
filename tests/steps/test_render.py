"""A variation's upload: at once where all is well, after an outage, or not any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from colecionador.domain.events import Dependency
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import Delivery, DeliveryId, Item, parse_message
from colecionador.domain.plan import Variation
from colecionador.domain.ports import StoredObject
from colecionador.domain.results import Quality, Source, StoredVariation
from colecionador.imaging.codec import ImageFormat
from colecionador.imaging.rendering import Rendered as Encoded
from colecionador.steps import outages
from colecionador.steps.outages import TRIES, OutageWatch
from colecionador.steps.photo import Facts, Rendered, Rendering
from colecionador.steps.pools import Pool
from colecionador.steps.render import Render
from colecionador.steps.stale import GONE_BACK, GivenUp
from connectors.memory.telemetry import MemoryTelemetry
from tests.steps.ended import ended

MD5 = "0" * 32
REFUSED = Failure(ErrorType.UPLOAD_FAILED, "no room")
DIFFERENT = Failure(ErrorType.ETAG_MISMATCH, "another ETag")


class ScriptedStore:
    """Answers each upload with the next of its answers; the last one again and again."""

    def __init__(self, *answers: str | Failure) -> None:
        self.answers = list(answers)
        self.uploads = 0
        self.down = False
        self.tried: list[int] = []

    def upload(
        self, bucket: str, object_key: str, data: bytes, content_type: str, md5: str
    ) -> str | Failure:
        self.uploads += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def probe(self) -> Failure | None:
        return REFUSED if self.down else None

    def try_upload(self, size_bytes: int) -> Failure | None:
        self.tried.append(size_bytes)
        return self.probe()

    def source_etag(self, bucket: str, object_key: str) -> str | Failure:
        raise NotImplementedError

    def download(self, bucket: str, object_key: str, limit_bytes: int) -> StoredObject | Failure:
        raise NotImplementedError


class EncodedPixels:
    """Pixels of which each variation is three bytes; `rendered` is called before it is there."""

    def __init__(self, rendered: Callable[[], object]) -> None:
        self._rendered = rendered

    def share(self, shares: int) -> None:
        raise NotImplementedError

    def render(
        self, variation: Variation, *, item_id: int, plan_version: str, jpeg_quality: int
    ) -> Encoded | Failure:
        self._rendered()
        return Encoded(b"jpg", 4, 3, MD5, 1.0, 1.0, 1.0)

    def release(self) -> None:
        """Nothing is held."""


class OneVariation:
    """One variation on its way through the step."""

    def __init__(self, store: ScriptedStore) -> None:
        self.store = store
        self.stale = False
        self.went_down = threading.Event()
        telemetry = MemoryTelemetry()
        self.watch = OutageWatch(Dependency.S3, store.probe, telemetry, self._changed)
        self.step = Render(
            store=store,
            store_watch=self.watch,
            compute=Pool("compute", 1),
            transfer=Pool("transfer", 1),
            training_bucket="training",
            jpeg_quality=90,
            plan_version="9f2c41d0" * 8,
            telemetry=telemetry,
            is_stale=lambda _: self.stale,
        )

    def _changed(self) -> None:
        if not self.watch.up:
            self.went_down.set()

    def begin_outage(self) -> None:
        self.store.down = True
        ended(self.watch.ready())
        assert self.went_down.wait(10)

    def start(self, rendered: Callable[[], object] = lambda: None) -> SimpleQueue[Any]:
        variation = Variation("blur", "gaussian_blur", ())
        return ended(self.step(Rendering(facts(), EncodedPixels(rendered), variation, 0, 9)))


def facts() -> Facts:
    body = b'{"itemId": 1, "categoria": "arte", "objectKey": "k"}'
    delivery = Delivery(DeliveryId("lane-000", 1, 1), "message", body)
    item = parse_message(delivery, default_bucket="images", allowed_buckets={"images"})
    assert isinstance(item, Item)
    return Facts(
        item=item,
        job_id=1,
        worker="w",
        source=Source(MD5, MD5, 4, 3, 100),
        format=ImageFormat.JPEG,
        quality=Quality(blur=100.0, brightness=100.0, contrast=50.0, bad=False),
        started_at=0.0,
        download_ms=1.0,
        decode_ms=1.0,
    )


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "FIRST_PROBE_SECONDS", 0.001)
    monkeypatch.setattr(outages, "LONGEST_PROBE_SECONDS", 0.01)


def result_of(ending: SimpleQueue[Any]) -> object:
    rendered = ending.get(timeout=10)
    assert isinstance(rendered, Rendered), rendered
    return rendered.result


def test_a_variation_is_uploaded_once_where_all_is_well() -> None:
    one = OneVariation(ScriptedStore(MD5))
    assert isinstance(result_of(one.start()), StoredVariation)
    assert (one.store.uploads, one.store.tried) == (1, [])


def test_in_an_outage_no_upload_is_tried_before_its_end() -> None:
    one = OneVariation(ScriptedStore(MD5))
    one.begin_outage()
    encoded = threading.Event()
    ending = one.start(encoded.set)
    assert encoded.wait(10)
    # Behind the upload that must not come: the pool has one thread.
    assert ended(waits_for(one.step.compute)).get(timeout=10) is None
    assert ended(waits_for(one.step.transfer)).get(timeout=10) is None
    assert one.store.uploads == 0
    one.store.down = False
    assert isinstance(result_of(ending), StoredVariation)
    assert one.store.uploads == 1


async def waits_for(pool: Pool) -> None:
    await pool.call(lambda: None)


def test_an_upload_that_fails_in_an_outage_waits_for_its_end_and_is_made_again() -> None:
    one = OneVariation(ScriptedStore(REFUSED, MD5))
    one.store.down = True
    ending = one.start()
    assert one.went_down.wait(10)
    assert one.store.uploads == 1
    one.store.down = False
    assert isinstance(result_of(ending), StoredVariation)
    assert one.store.uploads == 2


def test_an_upload_that_fails_alone_is_tried_as_often_as_any_call_and_no_more() -> None:
    one = OneVariation(ScriptedStore(REFUSED))
    assert result_of(one.start()) == REFUSED
    assert one.store.uploads == TRIES
    assert one.store.tried == [3] * TRIES, "a trial is of the variation's own size"


def test_a_failure_that_no_outage_makes_is_not_looked_into() -> None:
    one = OneVariation(ScriptedStore(DIFFERENT))
    assert result_of(one.start()) == DIFFERENT
    assert (one.store.uploads, one.store.tried) == (1, [])


def test_a_variation_whose_delivery_has_gone_back_meanwhile_is_not_uploaded() -> None:
    one = OneVariation(ScriptedStore(MD5))

    def goes_back() -> None:
        one.stale = True

    given_up = one.start(goes_back).get(timeout=10)
    assert isinstance(given_up, GivenUp)
    assert one.store.uploads == 0
    rendering = Rendering(facts(), EncodedPixels(lambda: None), Variation("b", "b", ()), 0, 9)
    assert one.step.caught(rendering, given_up).result == GONE_BACK
