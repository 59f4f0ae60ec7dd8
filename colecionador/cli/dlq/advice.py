"""What to do about dead letters, by their type."""

from __future__ import annotations

from colecionador.domain.failures import ErrorType

_ADVICE = {
    ErrorType.INVALID_MESSAGE: "the producer sent what is no message; correct it there, send it "
    "anew, and drop these",
    ErrorType.SOURCE_TOO_LARGE: "make the image smaller or raise AUGMENT_MAX_SOURCE_BYTES and "
    "AUGMENT_MAX_PIXELS, then replay",
    ErrorType.UNSUPPORTED_FORMAT: "store it as JPEG or PNG under the same key, then replay",
    ErrorType.INVALID_FORMAT: "the object is no image; store the right one under the same key, "
    "then replay",
    ErrorType.CORRUPT_IMAGE: "the image is cut short or damaged; upload it again under the same "
    "key, then replay",
    ErrorType.NO_VALID_VARIATION: "no variation could be made; look at the image and at "
    "AUGMENT_PLAN, then replay",
    ErrorType.POISON: "it ended or hung the process that worked on it; look at the image first, "
    "then replay one, and drop it if it comes back",
    ErrorType.SOURCE_MISSING: "upload the object under the key of the message, then replay",
    ErrorType.SOURCE_FORBIDDEN: "give AUGMENT_S3_ACCESS_KEY the right to read the object, then "
    "replay",
    ErrorType.SOURCE_UNAVAILABLE: "the object store failed for this object alone; run augment "
    "doctor, then replay",
    ErrorType.UPLOAD_FAILED: "the training bucket refused an object; run augment doctor, then "
    "replay",
    ErrorType.ETAG_MISMATCH: "what was stored is not what was sent: where the server encrypts "
    "with SSE-KMS, turn that off; then replay",
    ErrorType.DATABASE_UNAVAILABLE: "PostgreSQL failed for this job alone; run augment doctor, "
    "then replay",
    ErrorType.PUBLISH_FAILED: "the broker refused the completion; run augment doctor, then replay",
    ErrorType.INTERNAL: "an error of the service itself: its log has the traceback; report it, "
    "and replay after the repair",
}

_OTHERWISE = "look at one with augment dlq show, repair the cause, then replay"


def advice(error_type: str) -> str:
    """One line of what to do, for any type, also one that this version does not know."""
    known = {name.value: text for name, text in _ADVICE.items()}
    return known.get(error_type, _OTHERWISE)
