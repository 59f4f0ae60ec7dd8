"""What can go wrong with a request, in one place: from exceptions to causes to failures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from colecionador.domain.failures import ErrorType, Failure
from connectors.s3.client import UnusableName
from connectors.s3.transport import Refused, TimedOut, Unanswered, Unreachable, Untrusted

EXPECTED = (Refused, Unanswered, UnusableName)
"""What a `Client` raises."""


class Cause(Enum):
    """Why a request failed, as far as its follow-up differs."""

    MISSING = auto()
    FORBIDDEN = auto()
    REFUSED = auto()
    THROTTLED = auto()
    BROKEN = auto()
    DAMAGED = auto()
    DISTRUSTED = auto()
    """Keys, region or clock are wrong: no request at all would do."""
    LOST = auto()
    TIMED_OUT = auto()
    UNREACHABLE = auto()


_REPEATED = frozenset({Cause.BROKEN, Cause.DAMAGED, Cause.LOST})

_STATUSES = {
    401: Cause.FORBIDDEN,
    403: Cause.FORBIDDEN,
    404: Cause.MISSING,
    408: Cause.LOST,
    429: Cause.THROTTLED,
}
_CODES = {
    "SlowDown": Cause.THROTTLED,
    "ServiceUnavailable": Cause.THROTTLED,
    "BadDigest": Cause.DAMAGED,
    "XAmzContentSHA256Mismatch": Cause.DAMAGED,
    "IncompleteBody": Cause.LOST,
    "RequestTimeout": Cause.LOST,
    **dict.fromkeys(
        (
            "AuthorizationHeaderMalformed",
            "ExpiredToken",
            "InvalidAccessKeyId",
            "InvalidTokenId",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
        ),
        Cause.DISTRUSTED,
    ),
}
_WRONG_REGION = frozenset({301, 307, 400})
_REMEDIES = {
    "InvalidAccessKeyId": "check AUGMENT_S3_ACCESS_KEY",
    "SignatureDoesNotMatch": "check AUGMENT_S3_SECRET_KEY and AUGMENT_S3_REGION",
    "AuthorizationHeaderMalformed": "check AUGMENT_S3_REGION",
    "RequestTimeTooSkewed": "set this machine's clock",
    "PermanentRedirect": "check AUGMENT_S3_ENDPOINT and AUGMENT_S3_REGION",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A request that failed: its cause, what was seen, and the remedy where that is known."""

    cause: Cause
    seen: str
    remedy: str = ""
    bucket_missing: bool = False

    @property
    def worth_repeating(self) -> bool:
        """True where the same request may well succeed at once."""
        return self.cause in _REPEATED


def classify(error: Exception, endpoint: str) -> Problem:
    """The problem that an exception of `EXPECTED` stands for."""
    if isinstance(error, Refused):
        return _refusal(error)
    if isinstance(error, UnusableName):
        return Problem(Cause.MISSING, str(error), 'use a key without "." segments')
    seen = f'{error}, at AUGMENT_S3_ENDPOINT="{endpoint}"'
    if isinstance(error, Untrusted):
        return Problem(Cause.UNREACHABLE, seen, "name its authority's file in SSL_CERT_FILE")
    if isinstance(error, Unreachable):
        return Problem(Cause.UNREACHABLE, seen, "start the server, or correct the address")
    return Problem(Cause.TIMED_OUT if isinstance(error, TimedOut) else Cause.LOST, seen)


def mismatch(etag: str, md5: str) -> Problem:
    """The problem of an object whose ETag is not the MD5 of what was sent."""
    return Problem(Cause.DAMAGED, f'ETag "{etag}" where the MD5 of what was sent is "{md5}"')


def damaged(etag: str, md5: str) -> Problem:
    """The problem of an object that was read as other bytes than its ETag says."""
    return Problem(Cause.DAMAGED, f'MD5 "{md5}" of what was read where the ETag is "{etag}"')


def source_failure(problem: Problem, bucket: str, object_key: str) -> Failure:
    """The failure of a source that could not be read."""
    where = f'objectKey "{object_key}" in bucket "{bucket}": {problem.seen}'
    if problem.bucket_missing:
        where = f'bucket "{bucket}": {problem.seen}'
    match problem.cause:
        case Cause.MISSING:
            remedy = 'create it ("augment init")' if problem.bucket_missing else "upload it"
            return _failure(ErrorType.SOURCE_MISSING, where, problem.remedy or remedy)
        case Cause.FORBIDDEN:
            remedy = problem.remedy or "allow AUGMENT_S3_ACCESS_KEY to read it"
            return _failure(ErrorType.SOURCE_FORBIDDEN, where, remedy)
    remedy = problem.remedy or "look at the S3 server"
    return _failure(ErrorType.SOURCE_UNAVAILABLE, where, remedy)


def upload_failure(problem: Problem, bucket: str, object_key: str) -> Failure:
    """The failure of an object that could not be stored."""
    where = f'bucket "{bucket}": {problem.seen} for object "{object_key}"'
    remedies = {
        Cause.MISSING: 'create it ("augment init")',
        Cause.FORBIDDEN: "allow AUGMENT_S3_ACCESS_KEY to write to it",
        Cause.DAMAGED: "look for what changes bytes on the way (under SSE-KMS no ETag is an MD5)",
    }
    damaged = problem.cause is Cause.DAMAGED
    error_type = ErrorType.ETAG_MISMATCH if damaged else ErrorType.UPLOAD_FAILED
    remedy = problem.remedy or remedies.get(problem.cause, "look at the S3 server")
    return _failure(error_type, where, remedy)


def probe_failure(problem: Problem, bucket: str) -> Failure:
    """The failure of a bucket that was looked at."""
    where = f'bucket "{bucket}": {problem.seen}'
    missing = problem.cause is Cause.MISSING
    error_type = ErrorType.UPLOAD_FAILED if missing else ErrorType.SOURCE_UNAVAILABLE
    remedies = {
        Cause.MISSING: 'create it ("augment init"), or correct the setting that names it',
        Cause.FORBIDDEN: "allow AUGMENT_S3_ACCESS_KEY to list it",
    }
    remedy = problem.remedy or remedies.get(problem.cause, "look at the S3 server")
    return _failure(error_type, where, remedy)


def too_large(bucket: str, object_key: str, size: str, limit_bytes: int) -> Failure:
    """The failure of a source above the limit; `size` in words, e.g. `70000000 bytes`."""
    return _failure(
        ErrorType.SOURCE_TOO_LARGE,
        f'objectKey "{object_key}" in bucket "{bucket}": {size}; the limit is {limit_bytes} bytes',
        "send a smaller image, or raise AUGMENT_MAX_SOURCE_BYTES",
    )


def _failure(error_type: ErrorType, where: str, remedy: str) -> Failure:
    return Failure(error_type, f"{where}; {remedy}")


def _refusal(refused: Refused) -> Problem:
    remedy = _REMEDIES.get(refused.code, "")
    region = refused.headers.get("x-amz-bucket-region")
    if region and refused.status in _WRONG_REGION:
        remedy = f'set AUGMENT_S3_REGION="{region}"'
    text = f"HTTP {refused.status} {refused.code}".rstrip()
    seen = f"{text} ({refused.message})" if refused.message not in {"", refused.code} else text
    return Problem(_cause(refused), seen, remedy, bucket_missing=refused.code == "NoSuchBucket")


def _cause(refused: Refused) -> Cause:
    if refused.code in _CODES:
        return _CODES[refused.code]
    otherwise = Cause.BROKEN if refused.status >= 500 else Cause.REFUSED
    return _STATUSES.get(refused.status, otherwise)
