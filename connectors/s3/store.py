"""The port `Store` on S3."""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from colecionador.domain.events import Dependency, DependencyCalled, Notice
from colecionador.domain.failures import Failure
from colecionador.domain.ports import StoredObject, Telemetry
from colecionador.domain.settings import Settings
from connectors.s3 import errors
from connectors.s3.client import open_client
from connectors.s3.errors import Cause, Problem
from connectors.s3.headers import Headers
from connectors.s3.timeouts import Timeouts
from connectors.s3.transport import Oversized

T = TypeVar("T")

_MD5 = re.compile(r"[0-9a-fA-F]{32}")

TIMEOUTS = Timeouts()
PROBE_TIMEOUTS = Timeouts(connect=2.0, silence=2.0, whole=3.0)
TRIAL_KEY = "augment-trial"
"""Of the object that is put, and deleted, to see whether the training bucket takes any."""


class S3Store:
    """An object store over a pool of `AUGMENT_S3_POOL` connections.

    A request that fails for a reason that may be gone at once (a 5xx, a lost connection, a wrong
    ETag) is made once more, then it is a failure.
    """

    def __init__(
        self, settings: Settings, telemetry: Telemetry, timeouts: Timeouts = TIMEOUTS
    ) -> None:
        self._endpoint = settings.s3_endpoint
        self._training_bucket = settings.training_bucket
        self._telemetry = telemetry
        self._client = open_client(settings, timeouts, connections=settings.s3_pool, wait=True)
        # On connections of its own: a probe must not wait behind the requests that it is to judge.
        self._probing = open_client(settings, PROBE_TIMEOUTS, connections=2, wait=False)
        self._trying = open_client(settings, timeouts, connections=1, wait=True)
        self._said_forbidden = False

    def source_etag(self, bucket: str, object_key: str) -> str | Failure:
        """The ETag of an object, by a HEAD."""

        def head() -> str:
            return _etag(self._client.head(bucket, object_key))

        found = self._twice("head", head)
        if isinstance(found, Problem):
            return errors.source_failure(found, bucket, object_key)
        return found

    def download(self, bucket: str, object_key: str, limit_bytes: int) -> StoredObject | Failure:
        """An object whole, of `limit_bytes` at most, by a GET.

        Bytes of another MD5 than the ETag's are read once more: they were damaged on the way, or
        they are the same again, and the ETag is no MD5 (of a multipart upload, or under SSE-KMS).
        """
        seen: set[str] = set()

        def get() -> StoredObject | Failure | Problem:
            try:
                answer = self._client.get(bucket, object_key, limit_bytes)
            except Oversized as error:
                return errors.too_large(bucket, object_key, error.size, limit_bytes)
            md5 = hashlib.md5(answer.body, usedforsecurity=False).hexdigest()
            stored = StoredObject(answer.body, _etag(answer.headers), md5)
            if not _MD5.fullmatch(stored.etag):
                return stored
            if stored.md5 == stored.etag.lower() or stored.md5 in seen:
                return stored
            seen.add(stored.md5)
            return errors.damaged(stored.etag, stored.md5)

        found = self._twice("get", get)
        if isinstance(found, Problem):
            return errors.source_failure(found, bucket, object_key)
        return found

    def upload(
        self, bucket: str, object_key: str, data: bytes, content_type: str, md5: str
    ) -> str | Failure:
        """Put an object in one request; its MD5 goes along, so that the server refuses damage."""
        content_md5 = b64encode(bytes.fromhex(md5)).decode()
        headers = {"Content-Type": content_type, "Content-MD5": content_md5}

        def put() -> str | Problem:
            etag = _etag(self._client.put(bucket, object_key, data, headers))
            return etag if etag.lower() == md5.lower() else errors.mismatch(etag, md5)

        stored = self._twice("put", put)
        if isinstance(stored, Problem):
            return errors.upload_failure(stored, bucket, object_key)
        return stored

    def probe(self) -> Failure | None:
        """A HEAD of the training bucket on a new connection, with a short deadline.

        A 403 counts as there: a key may well be allowed to put objects and not to look at buckets.
        It is said as a notice, once. Every other refusal would meet each upload too, and so would
        one for wrong keys or a wrong clock, which only an answer with a body tells.
        """
        bucket = self._training_bucket
        self._probing.distrust()
        problem = self._attempt("probe", lambda: self._probing.head(bucket))
        if isinstance(problem, Problem) and problem.cause is Cause.FORBIDDEN:
            explained = self._attempt("probe", self._ask_for_nothing)
            if not isinstance(explained, Problem) or explained.cause is not Cause.DISTRUSTED:
                self._say_forbidden(bucket, problem)
                return None
            problem = explained
        return errors.probe_failure(problem, bucket) if isinstance(problem, Problem) else None

    def try_upload(self, size_bytes: int) -> Failure | None:
        """Put an object of so many zeros into the training bucket, and delete it again."""
        bucket = self._training_bucket

        def put() -> None:
            self._trying.put(bucket, TRIAL_KEY, bytes(size_bytes), {})

        problem = self._twice("try", put)
        if isinstance(problem, Problem):
            return errors.upload_failure(problem, bucket, TRIAL_KEY)
        # A key may well lack this right; then the object stays, one for all times.
        self._attempt("delete", lambda: self._trying.delete(bucket, TRIAL_KEY))
        return None

    def _ask_for_nothing(self) -> None:
        # One that is there, after all, answers too.
        with suppress(Oversized):
            self._probing.get(self._training_bucket, TRIAL_KEY, limit_bytes=0)

    def _say_forbidden(self, bucket: str, problem: Problem) -> None:
        if not self._said_forbidden:
            self._said_forbidden = True
            fields = (("bucket", bucket), ("seen", problem.seen))
            self._telemetry.emit(Notice("warning", "S3 bucket may not be looked at", fields))

    def _twice(self, operation: str, call: Callable[[], T]) -> T | Problem:
        """The result of a call, made again at once where that is worth it."""
        result = self._attempt(operation, call)
        if isinstance(result, Problem) and result.worth_repeating:
            return self._attempt(operation, call)
        return result

    def _attempt(self, operation: str, call: Callable[[], T]) -> T | Problem:
        started = time.perf_counter()
        succeeded = False
        try:
            result = call()
            succeeded = not isinstance(result, Problem)
        except errors.EXPECTED as error:
            return errors.classify(error, self._endpoint)
        else:
            return result
        finally:
            seconds = time.perf_counter() - started
            self._telemetry.emit(DependencyCalled(Dependency.S3, operation, seconds, succeeded))


def _etag(headers: Headers) -> str:
    return (headers.get("etag") or "").removeprefix("W/").strip('"')
