"""The port `Store` in memory: for tests of the topology, with faults on demand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.ports import StoredObject


@dataclass(frozen=True, slots=True)
class Put:
    """One object that was uploaded, in the order of uploads."""

    bucket: str
    object_key: str
    content_type: str
    md5: str


@dataclass(slots=True)
class _Fault:
    failure: Failure
    left: float = field(default=float("inf"))


class MemoryStore:
    """An object store that lives as long as the test does. Safe from several threads."""

    def __init__(
        self, buckets: Iterable[str] = ("images", "training"), training_bucket: str = "training"
    ) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, dict[str, bytes]] = {bucket: {} for bucket in buckets}
        self._training_bucket = training_bucket
        self._faults: dict[tuple[str, str], _Fault] = {}
        self._outage: str | None = None
        self._full: str | None = None
        self._puts: list[Put] = []

    def put(self, bucket: str, object_key: str, data: bytes) -> None:
        """Place an object as its owner would, whatever faults and outages there are."""
        with self._lock:
            self._objects.setdefault(bucket, {})[object_key] = data

    def remove(self, bucket: str, object_key: str) -> None:
        """Remove an object as its owner would."""
        with self._lock:
            del self._objects[bucket][object_key]

    def fail(
        self, bucket: str, object_key: str, failure: Failure, times: int | None = None
    ) -> None:
        """Answer the next `times` calls for one object with a failure; None: all of them."""
        with self._lock:
            left = float("inf") if times is None else times
            self._faults[bucket, object_key] = _Fault(failure, left)

    def go_down(self, reason: str = "the store is down") -> None:
        """Answer nothing, the probe neither, until `come_back`."""
        with self._lock:
            self._outage = reason

    def come_back(self) -> None:
        """End the outage."""
        with self._lock:
            self._outage = self._full = None

    def fill_up(self, reason: str = "the store is full") -> None:
        """Answer as ever, and take no object, until `come_back`."""
        with self._lock:
            self._full = reason

    @property
    def puts(self) -> tuple[Put, ...]:
        """Every successful upload, repeated ones too."""
        with self._lock:
            return tuple(self._puts)

    def dump(self) -> Mapping[str, str]:
        """`bucket/key` → `md5, n bytes`, sorted: what a golden file holds."""
        with self._lock:
            return {
                f"{bucket}/{key}": f"{_md5(data)}, {len(data)} bytes"
                for bucket in sorted(self._objects)
                for key, data in sorted(self._objects[bucket].items())
            }

    def source_etag(self, bucket: str, object_key: str) -> str | Failure:
        """The MD5 of an object."""
        with self._lock:
            found = self._find(bucket, object_key)
        return found if isinstance(found, Failure) else _md5(found)

    def download(self, bucket: str, object_key: str, limit_bytes: int) -> StoredObject | Failure:
        """An object whole, of `limit_bytes` at most."""
        with self._lock:
            found = self._find(bucket, object_key)
        if isinstance(found, Failure):
            return found
        if len(found) > limit_bytes:
            return Failure(
                ErrorType.SOURCE_TOO_LARGE,
                f'objectKey "{object_key}" in bucket "{bucket}": {len(found)} bytes; the limit is '
                f"{limit_bytes} bytes; raise AUGMENT_MAX_SOURCE_BYTES",
            )
        return StoredObject(found, _md5(found), _md5(found))

    def upload(
        self, bucket: str, object_key: str, data: bytes, content_type: str, md5: str
    ) -> str | Failure:
        """Keep a copy of `data`, where its MD5 is the one given."""
        with self._lock:
            fault = self._fault(bucket, object_key, ErrorType.UPLOAD_FAILED)
            if fault is not None:
                return fault
            if self._full is not None:
                return Failure(ErrorType.UPLOAD_FAILED, self._full)
            if bucket not in self._objects:
                return Failure(ErrorType.UPLOAD_FAILED, _no_bucket(bucket))
            etag = _md5(data)
            if etag != md5:
                seen = f'bucket "{bucket}": ETag "{etag}" where the MD5 sent is "{md5}"'
                return Failure(ErrorType.ETAG_MISMATCH, f'{seen} for object "{object_key}"')
            self._objects[bucket][object_key] = bytes(data)
            self._puts.append(Put(bucket, object_key, content_type, etag))
            return etag

    def probe(self) -> Failure | None:
        """Whether the store is up and has its training bucket."""
        with self._lock:
            if self._outage is not None:
                return Failure(ErrorType.SOURCE_UNAVAILABLE, self._outage)
            if self._training_bucket not in self._objects:
                return Failure(ErrorType.UPLOAD_FAILED, _no_bucket(self._training_bucket))
            return None

    def try_upload(self, size_bytes: int) -> Failure | None:
        """Whether the store is up and takes objects."""
        with self._lock:
            refusal = self._outage or self._full
            return None if refusal is None else Failure(ErrorType.UPLOAD_FAILED, refusal)

    def _find(self, bucket: str, object_key: str) -> bytes | Failure:
        fault = self._fault(bucket, object_key, ErrorType.SOURCE_UNAVAILABLE)
        if fault is not None:
            return fault
        if bucket not in self._objects:
            return Failure(ErrorType.SOURCE_MISSING, _no_bucket(bucket))
        if object_key not in self._objects[bucket]:
            return Failure(
                ErrorType.SOURCE_MISSING,
                f'objectKey "{object_key}" in bucket "{bucket}": not there; upload it',
            )
        return self._objects[bucket][object_key]

    def _fault(self, bucket: str, object_key: str, down: ErrorType) -> Failure | None:
        if self._outage is not None:
            return Failure(down, self._outage)
        fault = self._faults.get((bucket, object_key))
        if fault is None or fault.left <= 0:
            return None
        fault.left -= 1
        return fault.failure


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _no_bucket(bucket: str) -> str:
    return f'bucket "{bucket}": does not exist; create it ("augment init")'
