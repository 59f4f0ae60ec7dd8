"""What `augment init` creates of the object store, and what `augment doctor` finds in it."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from colecionador.domain.settings import Settings
from connectors.s3 import errors
from connectors.s3.client import Client, open_client
from connectors.s3.errors import Cause, Problem
from connectors.s3.headers import Headers
from connectors.s3.timeouts import Timeouts
from connectors.s3.transport import Refused

_TIMEOUTS = Timeouts(connect=3.0, silence=5.0, whole=10.0)
_PROBE_PREFIX = ".augment-probe/"


@dataclass(frozen=True, slots=True)
class BucketCreation:
    """What became of one bucket: created, there already, or in neither state and why."""

    bucket: str
    created: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class BucketFinding:
    """One bucket that the settings name, and what is wrong with it."""

    bucket: str
    named_by: str
    """The setting that names it."""
    problem: str | None


@dataclass(frozen=True, slots=True)
class RightFinding:
    """One thing that was tried on a tiny object in the training bucket."""

    right: str
    """`put`, `get` or `delete` (the service itself never deletes)."""
    problem: str | None


@dataclass(frozen=True, slots=True)
class StoreFindings:
    """The object store as it is."""

    endpoint: str
    latency_ms: float | None
    """Of a HEAD on an open connection; None where there was no answer."""
    server: str | None
    """What the server calls itself, where it does."""
    clock_ahead_seconds: float | None
    """Its clock minus ours, to the second; None where it does not tell its time."""
    buckets: tuple[BucketFinding, ...]
    rights: tuple[RightFinding, ...]
    """Empty where the training bucket is missing or not to be reached."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong, each in words that name the remedy."""
        findings: tuple[BucketFinding | RightFinding, ...] = (*self.buckets, *self.rights)
        return tuple(finding.problem for finding in findings if finding.problem is not None)


@dataclass(frozen=True, slots=True)
class _Look:
    problem: Problem | None
    server: str | None
    clock_ahead_seconds: float | None
    milliseconds: float


def create_missing_buckets(settings: Settings) -> tuple[BucketCreation, ...]:
    """Create the source and the training bucket where they are missing; safe to repeat.

    Other buckets that messages may name belong to somebody else and are left to them.
    """
    client = _open(settings)
    names = dict.fromkeys((settings.source_bucket, settings.training_bucket))
    return tuple(_create(client, name, settings.s3_endpoint) for name in names)


def examine_store(settings: Settings) -> StoreFindings:
    """Look at every bucket that the settings name, and try each right on a tiny object."""
    client, endpoint = _open(settings), settings.s3_endpoint
    named = _named_buckets(settings)
    looks = {bucket: _look(client, bucket, endpoint) for bucket in named}
    last = _look(client, settings.training_bucket, endpoint)
    rights: tuple[RightFinding, ...] = ()
    if last.problem is None or last.problem.cause is Cause.FORBIDDEN:
        rights = tuple(_try_rights(client, settings.training_bucket, endpoint))
    return StoreFindings(
        endpoint=endpoint,
        latency_ms=None if _is_unanswered(last.problem) else last.milliseconds,
        server=last.server,
        clock_ahead_seconds=last.clock_ahead_seconds,
        buckets=tuple(
            BucketFinding(bucket, named[bucket], _bucket_problem(bucket, look.problem))
            for bucket, look in looks.items()
        ),
        rights=rights,
    )


def _open(settings: Settings) -> Client:
    return open_client(settings, _TIMEOUTS, connections=1, wait=True)


def _create(client: Client, bucket: str, endpoint: str) -> BucketCreation:
    problem = _look(client, bucket, endpoint).problem
    if problem is None:
        return BucketCreation(bucket, created=False)
    if problem.cause is not Cause.MISSING:
        return BucketCreation(bucket, created=False, problem=_bucket_problem(bucket, problem))
    try:
        client.make_bucket(bucket)
    except Refused as error:
        # Somebody else was quicker, another `augment init` for instance.
        if error.code == "BucketAlreadyOwnedByYou":
            return BucketCreation(bucket, created=False)
        problem = errors.classify(error, endpoint)
    except errors.EXPECTED as error:
        problem = errors.classify(error, endpoint)
    else:
        return BucketCreation(bucket, created=True)
    return BucketCreation(bucket, created=False, problem=_bucket_problem(bucket, problem))


def _look(client: Client, bucket: str, endpoint: str) -> _Look:
    problem: Problem | None = None
    headers = Headers()
    started = time.perf_counter()
    try:
        headers = client.head(bucket)
    except Refused as error:
        problem, headers = errors.classify(error, endpoint), error.headers
    except errors.EXPECTED as error:
        problem = errors.classify(error, endpoint)
    milliseconds = (time.perf_counter() - started) * 1000
    return _Look(problem, headers.get("server"), _clock_ahead(headers.get("date")), milliseconds)


def _clock_ahead(date: str | None) -> float | None:
    """The seconds by which the clock that wrote this `Date` is ahead of ours; half a second off."""
    try:
        moment = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    # The header leaves out the fraction, which is half a second on average.
    return moment.timestamp() + 0.5 - time.time()


def _try_rights(client: Client, bucket: str, endpoint: str) -> Iterator[RightFinding]:
    key, data = f"{_PROBE_PREFIX}{secrets.token_hex(8)}", b"augment doctor"
    md5 = hashlib.md5(data, usedforsecurity=False)
    headers = {"Content-MD5": b64encode(md5.digest()).decode()}

    def put() -> None:
        etag = (client.put(bucket, key, data, headers).get("etag") or "").strip('"')
        if etag != md5.hexdigest():
            raise _OtherETag(errors.mismatch(etag, md5.hexdigest()).seen)

    def get() -> None:
        client.get(bucket, key, len(data))

    def delete() -> None:
        client.delete(bucket, key)

    for right, request in (("put", put), ("get", get), ("delete", delete)):
        problem = _try(request, endpoint)
        words = None if problem is None else f'bucket "{bucket}": {right}: {problem}'
        yield RightFinding(right, words)


class _OtherETag(Exception):
    pass


def _try(request: Callable[[], None], endpoint: str) -> str | None:
    try:
        request()
    except _OtherETag as error:
        return f"{error}; every upload would end so: look for encryption with SSE-KMS, or a proxy"
    except errors.EXPECTED as error:
        problem = errors.classify(error, endpoint)
        return f"{problem.seen}; {problem.remedy or 'allow AUGMENT_S3_ACCESS_KEY to do this'}"
    return None


def _bucket_problem(bucket: str, problem: Problem | None) -> str | None:
    return None if problem is None else errors.probe_failure(problem, bucket).error


def _is_unanswered(problem: Problem | None) -> bool:
    silent = {Cause.UNREACHABLE, Cause.TIMED_OUT, Cause.LOST}
    return problem is not None and problem.cause in silent


def _named_buckets(settings: Settings) -> dict[str, str]:
    return {
        **dict.fromkeys(sorted(settings.readable_buckets), "AUGMENT_ALLOWED_BUCKETS"),
        settings.source_bucket: "AUGMENT_SOURCE_BUCKET",
        settings.training_bucket: "AUGMENT_TRAINING_BUCKET",
    }
