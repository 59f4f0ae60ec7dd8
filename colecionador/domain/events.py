"""What is told to telemetry: one frozen record per kind of event.

A backend (metrics, logs, …) maps the events that it cares for; adding a metric is adding an event
here and a line there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from colecionador.domain.failures import Failure
from colecionador.domain.messages import DeliveryId, Item
from colecionador.domain.records import record
from colecionador.domain.results import (
    Quality,
    SkippedVariation,
    Source,
    StoredVariation,
    VariationResult,
)
from colecionador.domain.settlements import Settlement
from colecionador.domain.tracing import Trace


class Stage(StrEnum):
    """The stages of an item's way that are timed."""

    DOWNLOAD = "download"
    DECODE = "decode"
    QUALITY = "quality"
    TRANSFORM = "transform"
    ENCODE = "encode"
    VALIDATE = "validate"
    UPLOAD = "upload"
    COMMIT = "commit"
    PUBLISH = "publish"


class Dependency(StrEnum):
    """The servers that the service depends on."""

    RABBITMQ = "rabbitmq"
    S3 = "s3"
    POSTGRES = "postgres"


@record
class Delivered:
    """A lane received a delivery."""

    delivery: DeliveryId
    message_id: str
    attempt: int
    redelivered: bool
    queue_ms: float | None


@record
class Started:
    """An item's job is registered and its work begins."""

    item: Item
    job_id: int
    worker: str


@record
class Downloaded:
    """An item's source was read."""

    item: Item
    job_id: int
    worker: str
    bytes: int
    duration_ms: float


@record
class Judged:
    """An item's source was decoded and its quality judged."""

    item: Item
    job_id: int
    worker: str
    source: Source
    quality: Quality


@record
class VariationStored:
    """One variation of an item is in the bucket; told when its last stage has ended."""

    item: Item
    job_id: int
    worker: str
    variation: StoredVariation
    validate_ms: float

    def stages(self) -> tuple[tuple[Stage, float], ...]:
        """The stages it went through, one after the other, in seconds."""
        variation = self.variation
        return (
            (Stage.TRANSFORM, variation.transform_ms / 1000),
            (Stage.ENCODE, variation.encode_ms / 1000),
            (Stage.VALIDATE, self.validate_ms / 1000),
            (Stage.UPLOAD, variation.upload_ms / 1000),
        )


@dataclass(frozen=True, slots=True)
class VariationSkipped:
    """One variation of an item was left out."""

    item: Item
    job_id: int
    worker: str
    variation: SkippedVariation


@record
class Generated:
    """All variations of an item are made."""

    item: Item
    job_id: int
    worker: str
    stored: int
    skipped: int


@record
class VariationsCommitted:
    """The variations of an item are in its rows: they are its own now, and count once."""

    variations: tuple[VariationResult, ...]
    item: Item | None = None
    job_id: int | None = None
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class UploadFailed:
    """One variation could not be uploaded although the store takes others: its item's failure."""

    item: Item
    job_id: int
    worker: str
    variation: str
    failure: Failure


@record
class StageTimed:
    """One stage took this long. `VariationStored` tells those that each variation goes through."""

    stage: Stage
    seconds: float
    item: Item | None = None
    ended_ago: float = 0.0
    """Seconds since its end, where it is told later."""


@record
class DependencyCalled:
    """A round trip to a dependency, whatever came of it."""

    dependency: Dependency
    operation: str
    seconds: float
    succeeded: bool = True
    """Whether the dependency did what it was asked to."""


@dataclass(frozen=True, slots=True)
class DependencyChanged:
    """A dependency went down or came back. `reason` is empty where it came back."""

    dependency: Dependency
    up: bool
    reason: str = ""


@record
class Settled:
    """A delivery was settled: its outcome is published and confirmed, and it is acked."""

    settlement: Settlement
    publish_seconds: float
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A delivery left this process unsettled: its channel closed; the broker has it again."""

    delivery: DeliveryId


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt at an item failed; the settlement says what follows."""

    item: Item
    failure: Failure
    worker: str | None
    traceback: str | None = None
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """A worker brought so many deliveries to their outcome."""

    worker_index: int
    items: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an operator should know that belongs to no item: level, event name and fields."""

    level: str
    """`debug`, `info`, `warning` or `error`."""
    event: str
    fields: tuple[tuple[str, str | int | float | bool | None], ...] = ()


Event = (
    Delivered
    | Started
    | Downloaded
    | Judged
    | VariationStored
    | VariationSkipped
    | Generated
    | VariationsCommitted
    | UploadFailed
    | StageTimed
    | DependencyCalled
    | DependencyChanged
    | Settled
    | Released
    | AttemptFailed
    | Handled
    | Notice
)
