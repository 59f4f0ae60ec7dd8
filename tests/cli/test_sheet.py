"""`augment sheet` shows what is stored of an item, fetched and measured anew."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from colecionador.domain.failures import Failure
from colecionador.domain.results import CompletedItem, Source, StoredVariation
from colecionador.domain.settings import Settings
from connectors.postgres.ledger import PostgresLedger
from connectors.s3 import S3Store
from connectors.telemetry.fan_out import FanOut
from tests.cli.augment import Augment
from tests.conformance.ledger_items import PLAN, a_completed, a_failed, an_item, skipped, stored
from tests.fix_images import jpeg_file, photograph_pixels

PHOTO = jpeg_file(photograph_pixels("coffee.png", 300, 200))
TURNED = jpeg_file(photograph_pixels("coffee.png", 200, 300))


@pytest.fixture
def ledger(augment: Augment, settings: Settings) -> Iterator[PostgresLedger]:
    """The ledger of a service that was set up."""
    augment("init")
    ledger = PostgresLedger(settings.database_url.get_secret_value(), 2, FanOut(()))
    yield ledger
    ledger.close()


@pytest.fixture
def done(ledger: PostgresLedger, settings: Settings) -> CompletedItem:
    """Item 7, with one variation stored and one skipped."""
    store = S3Store(settings, FanOut(()))
    md5, turned = (hashlib.md5(data).hexdigest() for data in (PHOTO, TURNED))
    item = an_item("m-7", bucket=settings.source_bucket)
    rotated = dataclasses.replace(
        stored("rotate_90", len(TURNED)), bucket=settings.training_bucket, md5=turned
    )
    for bucket, key, data, digest in (
        (settings.source_bucket, item.object_key, PHOTO, md5),
        (settings.training_bucket, rotated.object_key, TURNED, turned),
    ):
        assert not isinstance(store.upload(bucket, key, data, "image/jpeg", digest), Failure)
    completed = dataclasses.replace(
        a_completed(item, variations=[rotated, skipped("blur")]),
        source=Source(md5, md5, 300, 200, len(PHOTO)),
    )
    ledger.register([item], PLAN)
    ledger.commit([completed])
    return completed


def test_an_item_is_shown_with_its_variations_and_what_was_skipped(
    augment: Augment, done: CompletedItem, tmp_path: Path
) -> None:
    ran = augment("sheet", "7")
    assert (ran.code, ran.out.strip()) == (0, "sheet-7.html")
    page = (tmp_path / "sheet-7.html").read_text(encoding="utf-8")
    rotated = done.variations[0]
    assert isinstance(rotated, StoredVariation)
    assert done.source.md5 in page
    assert rotated.md5 in page
    assert "200 × 300" in page
    assert "1 variations, 1 skipped" in page
    assert "invalid_format: blur: does not decode" in page
    assert "moedas/7/5f76ba0da7c2-9f2c41d0" in page
    assert "MD5 is not the recorded" not in page


def test_an_object_that_was_changed_or_lost_is_told(
    augment: Augment, done: CompletedItem, settings: Settings, tmp_path: Path
) -> None:
    store = S3Store(settings, FanOut(()))
    rotated = done.variations[0]
    assert isinstance(rotated, StoredVariation)
    other = hashlib.md5(PHOTO).hexdigest()
    store.upload(settings.training_bucket, rotated.object_key, PHOTO, "image/jpeg", other)
    output = tmp_path / "sheet.html"
    assert augment("sheet", "7", "-o", str(output)).code == 0
    assert f"MD5 is not the recorded {rotated.md5}" in output.read_text(encoding="utf-8")


def test_an_item_that_failed_is_shown_with_its_error(
    augment: Augment, ledger: PostgresLedger, settings: Settings, tmp_path: Path
) -> None:
    item = an_item("m-8", item_id=8, bucket=settings.source_bucket)
    ledger.register([item], PLAN)
    ledger.record([(a_failed(item, error="no such object"), True)])
    assert augment("sheet", "8").code == 0
    page = (tmp_path / "sheet-8.html").read_text(encoding="utf-8")
    assert "source_missing: no such object" in page


def test_an_item_that_nobody_knows_is_told(augment: Augment, ledger: PostgresLedger) -> None:
    ran = augment("sheet", "999")
    assert (ran.code, "item 999 is not known" in ran.err) == (1, True)


def test_a_server_that_does_not_answer_is_told(offline: Augment) -> None:
    ran = offline("sheet", "7")
    assert ran.code == 1
    assert "augment: " in ran.err
