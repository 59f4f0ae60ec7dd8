"""The page of settings: written from the code, and with every name that others rely on."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from colecionador.domain.settings import Settings
from tests.deploy.repository import ROOT, text


def test_the_settings_page_is_written_from_the_settings() -> None:
    page = subprocess.run(
        [sys.executable, "-m", "docs.settings_page"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert text("docs/settings.md") == page, "run: make docs"


def test_the_settings_page_has_every_setting_with_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+ \| .+ \| .+ \|$", text("docs/settings.md"), re.MULTILINE)
    assert rows == [f"AUGMENT_{name.upper()}" for name in Settings.model_fields]


# The names and defaults that others rely on. Those of lanes, prefetch, ranges, threads and the
# pixel budget may be tuned, so only their names are here.
PROMISED = {
    "AUGMENT_AMQP_URL": "amqp://guest:guest@localhost:5672/",
    "AUGMENT_QUEUE": "ImageAugmentations",
    "AUGMENT_COMPLETED_QUEUE": "ModelTraining",
    "AUGMENT_S3_ENDPOINT": "http://localhost:9000",
    "AUGMENT_S3_ACCESS_KEY": "minioadmin",
    "AUGMENT_S3_SECRET_KEY": "minioadmin",
    "AUGMENT_S3_REGION": "us-east-1",
    "AUGMENT_SOURCE_BUCKET": "images",
    "AUGMENT_TRAINING_BUCKET": "training",
    "AUGMENT_ALLOWED_BUCKETS": "unset",
    "AUGMENT_DATABASE_URL": "postgresql://postgres@localhost:5432/augmentations",
    "AUGMENT_LANES": None,
    "AUGMENT_PREFETCH": None,
    "AUGMENT_RANGE_SIZE": None,
    "AUGMENT_CPU_THREADS": "the machine's cores",
    "AUGMENT_S3_POOL": "10",
    "AUGMENT_DATABASE_POOL": "20",
    "AUGMENT_PIXEL_BUDGET_BYTES": None,
    "AUGMENT_COMMIT_BATCH": "10",
    "AUGMENT_DRAIN_SECONDS": "25",
    "AUGMENT_RENDER_SECONDS": "300",
    "AUGMENT_MAX_ATTEMPTS": "3",
    "AUGMENT_RETRY_BASE_SECONDS": "5",
    "AUGMENT_MAX_SOURCE_BYTES": "67108864",
    "AUGMENT_MAX_PIXELS": "120000000",
    "AUGMENT_JPEG_QUALITY": "90",
    "AUGMENT_PLAN": "unset",
    "AUGMENT_BLUR_MIN": None,
    "AUGMENT_BRIGHTNESS_MIN": None,
    "AUGMENT_BRIGHTNESS_MAX": None,
    "AUGMENT_CONTRAST_MIN": None,
    "AUGMENT_METRICS_PORT": "9464",
    "AUGMENT_EXIT_WHEN_IDLE": "unset",
    "AUGMENT_LOG_LEVEL": "INFO",
    "AUGMENT_LOG_FORMAT": "unset",
    "AUGMENT_SENTRY_DSN": "unset",
    "AUGMENT_DOGSTATSD_ADDRESS": "unset",
    "AUGMENT_ALERTMANAGER_URL": "unset",
}


@pytest.mark.parametrize(("name", "default"), PROMISED.items(), ids=PROMISED)
def test_a_promised_setting_is_there_with_its_default(name: str, default: str | None) -> None:
    row = re.search(rf"^\| `{name}` \| `?([^`|]+)`?", text("docs/settings.md"), re.MULTILINE)
    assert row is not None
    assert default is None or row[1].strip() == default
