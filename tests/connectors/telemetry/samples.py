"""Events to emit: one delivery of item 7, and what may become of it."""

from colecionador.domain.events import (
    Delivered,
    Dependency,
    DependencyCalled,
    DependencyChanged,
    Downloaded,
    Event,
    Handled,
    Settled,
    Stage,
    StageTimed,
    UploadFailed,
    VariationsCommitted,
    VariationStored,
)
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import DeliveryId, Item
from colecionador.domain.results import SkippedVariation, StoredVariation
from colecionador.domain.settlements import Completion, DeadLetter, Outcome, Retry, Subject

DELIVERED_AT = 1_000.0
DELIVERY = DeliveryId("lane-1", 2, 5)
WORKER = "host:4711:0"

ITEM = Item(
    delivery=DELIVERY,
    message_id="message-7",
    attempt=1,
    redelivered=False,
    queue_ms=250.0,
    delivered_at=DELIVERED_AT,
    item_id=7,
    categoria="moedas",
    bucket="images",
    object_key="originals/7.jpg",
)

STORED = StoredVariation(
    name="rotate_90",
    bucket="training",
    object_key="moedas/7/x/rotate_90.jpg",
    md5="0" * 32,
    etag="0" * 32,
    width=30,
    height=40,
    bytes=2_000,
    transform_ms=1.0,
    encode_ms=2.0,
    upload_ms=3.0,
    duration_ms=6.0,
)

SKIPPED = SkippedVariation("blur", ErrorType.TRANSFORM_FAILED, "no memory", 1.0)


def subject(categoria: str | None = "moedas") -> Subject:
    """Item 7 at its first attempt."""
    return Subject("message-7", 1, categoria, DELIVERED_AT, 7, 101, WORKER)


def success(categoria: str | None = "moedas", *, bad_quality: bool = False) -> Settled:
    """Its completion."""
    completion = Completion(
        DELIVERY, subject(categoria), Outcome.SUCCESS, "outgoing", b"{}", bad_quality
    )
    return Settled(completion, 0.002)


def duplicate() -> Settled:
    """Its completion, published once more."""
    completion = Completion(DELIVERY, subject(), Outcome.DUPLICATE, "outgoing", b"{}", True)
    return Settled(completion, 0.002)


def retried(error_type: ErrorType = ErrorType.SOURCE_MISSING) -> Settled:
    """Its way to a wait room."""
    failure = Failure(error_type, "images/originals/7.jpg is not there")
    return Settled(Retry(DELIVERY, subject(), failure, 5.0), 0.001)


def dead_lettered(
    error_type: ErrorType = ErrorType.CORRUPT_IMAGE, categoria: str | None = "moedas"
) -> Settled:
    """Its way to the dead-letter queue."""
    return Settled(DeadLetter(DELIVERY, subject(categoria), Failure(error_type, "cut off")), 0.001)


ONE_OF_EACH: tuple[Event, ...] = (
    Delivered(DELIVERY, "message-7", 1, redelivered=False, queue_ms=250.0),
    Downloaded(ITEM, 101, WORKER, bytes=5_000, duration_ms=2.0),
    StageTimed(Stage.DECODE, 0.02, ITEM),
    DependencyCalled(Dependency.S3, "download", 0.002),
    DependencyChanged(Dependency.S3, up=True),
    UploadFailed(ITEM, 101, WORKER, "blur", Failure(ErrorType.UPLOAD_FAILED, "HTTP 503")),
    VariationStored(ITEM, 101, WORKER, STORED, validate_ms=4.0),
    VariationsCommitted((STORED, SKIPPED), ITEM, 101, WORKER),
    Handled(0, 3),
    success(bad_quality=True),
    retried(),
    dead_lettered(),
)
"""Events that together move every metric."""
