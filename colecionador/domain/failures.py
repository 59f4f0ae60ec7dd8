"""Failures are values: what went wrong with one message, and what follows from it.

A failure travels through the dataflow like any other record. What becomes of its message depends
on its kind alone:

* **permanent**: trying again cannot help; the message goes to the dead-letter queue at once.
* **transient**: the attempt is counted; the message waits and is tried again, a few times.
* **outage**: a dependency may be down, which is not this message's fault. While a probe of the
  dependency fails too, the work waits where it is and no attempt is counted; where the probe
  succeeds, the failure is this message's own and counts as a transient one.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from enum import Enum, StrEnum


class ErrorType(StrEnum):
    """The public names of everything that can go wrong with a message or a variation."""

    INVALID_MESSAGE = "invalid_message"
    SOURCE_TOO_LARGE = "source_too_large"
    UNSUPPORTED_FORMAT = "unsupported_format"
    INVALID_FORMAT = "invalid_format"
    CORRUPT_IMAGE = "corrupt_image"
    NO_VALID_VARIATION = "no_valid_variation"
    POISON = "poison"

    SOURCE_MISSING = "source_missing"
    SOURCE_FORBIDDEN = "source_forbidden"
    SOURCE_UNAVAILABLE = "source_unavailable"
    UPLOAD_FAILED = "upload_failed"
    ETAG_MISMATCH = "etag_mismatch"
    DATABASE_UNAVAILABLE = "database_unavailable"
    PUBLISH_FAILED = "publish_failed"
    INTERNAL = "internal"

    TRANSFORM_FAILED = "transform_failed"


class Kind(Enum):
    """What a failure means for its message."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    OUTAGE = "outage"


PERMANENT_TYPES = frozenset(
    {
        ErrorType.INVALID_MESSAGE,
        ErrorType.SOURCE_TOO_LARGE,
        ErrorType.UNSUPPORTED_FORMAT,
        ErrorType.INVALID_FORMAT,
        ErrorType.CORRUPT_IMAGE,
        ErrorType.NO_VALID_VARIATION,
        ErrorType.POISON,
    }
)
"""Types of which another attempt on the same bytes can only fail the same way."""


OUTAGE_TYPES = frozenset(
    {
        ErrorType.SOURCE_UNAVAILABLE,
        ErrorType.UPLOAD_FAILED,
        ErrorType.DATABASE_UNAVAILABLE,
        ErrorType.PUBLISH_FAILED,
    }
)
"""Types that a dependency that is down causes. Whether it is down, a probe decides."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong, in words that name the field, the value and the remedy."""

    error_type: ErrorType
    error: str
    traceback: str | None = None
    """Of an unexpected exception, for the log."""

    @property
    def kind(self) -> Kind:
        """Permanent, transient, or possibly an outage."""
        if self.error_type in PERMANENT_TYPES:
            return Kind.PERMANENT
        return Kind.OUTAGE if self.error_type in OUTAGE_TYPES else Kind.TRANSIENT


def internal_failure(error: Exception) -> Failure:
    """The failure that an unexpected exception is, with its traceback for the log."""
    return Failure(
        ErrorType.INTERNAL,
        f"unexpected {type(error).__name__}: {error}",
        "".join(traceback.format_exception(error)),
    )
