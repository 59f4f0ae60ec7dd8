"""What an item turns into on its way: its source, its quality, its variations, its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import Item
from colecionador.domain.records import record


@record
class Source:
    """The original image as it was read; width and height are after orientation."""

    md5: str
    etag: str
    width: int
    height: int
    bytes: int


@record
class Quality:
    """The scores of a source, and the verdict on them."""

    blur: float
    brightness: float
    contrast: float
    bad: bool
    findings: tuple[str, ...] = field(default=(), compare=False)
    """Why it is bad, a line for each reason; said in the log and in no table."""


@record
class StoredVariation:
    """A variation whose object is in the training bucket with this MD5."""

    name: str
    bucket: str
    object_key: str
    md5: str
    etag: str
    width: int
    height: int
    bytes: int
    transform_ms: float
    encode_ms: float
    upload_ms: float
    duration_ms: float
    """From the start of its transform to the end of its upload."""


@dataclass(frozen=True, slots=True)
class SkippedVariation:
    """A variation that could not be made or did not pass its check; the others go on."""

    name: str
    error_type: ErrorType
    error: str
    duration_ms: float


VariationResult = StoredVariation | SkippedVariation


@record
class Timings:
    """Where an item's time went. Transform, encode and upload are sums over its variations."""

    queue_ms: float | None
    download_ms: float
    decode_ms: float
    transform_ms: float
    encode_ms: float
    upload_ms: float
    total_ms: float


@record
class CompletedItem:
    """An item with all its variations stored: what one transaction writes."""

    item: Item
    job_id: int
    source: Source
    quality: Quality
    plan_version: str
    variations: tuple[VariationResult, ...]
    """In the plan's order."""
    timings: Timings
    worker: str
    """`hostname:process id:worker index` of the worker that handled the item's range."""
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An attempt at an item that failed as a whole."""

    item: Item
    failure: Failure
    plan_version: str
    source: Source | None = None
    """What was known of the source by then."""
    worker: str | None = None


@record
class StoredCompletion:
    """The completion of a job as the ledger has it: published once more for a duplicate."""

    job_id: int
    item_id: int
    categoria: str
    bucket: str
    object_key: str
    source: Source
    quality: Quality
    plan_version: str
    variations: tuple[VariationResult, ...]
    attempts: int
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class DuplicateItem:
    """A delivery of a message whose job is done already."""

    item: Item
    completion: StoredCompletion
