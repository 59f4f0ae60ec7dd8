"""What every object store must do, held against memory and a real S3 server alike."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from colecionador.domain.failures import ErrorType, Failure, Kind
from colecionador.domain.ports import Store, StoredObject
from connectors.memory.store import MemoryStore
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store
from tests.fix_s3 import S3Server, s3_server

__all__ = ["s3_server"]

MEBIBYTE = 1024 * 1024

KEYS = [
    "originals/123.jpg",
    "with space.jpg",
    " leading and trailing ",
    "plus+sign.jpg",
    "percent%20encoded%2Fnot.jpg",
    "hash#fragment.jpg",
    "question?mark=1&more=2.jpg",
    "moeda ção €.jpg",
    "e\u0301 and \u00e9.jpg",
    "照片/🦁.jpg",
    "quote'and\"double.jpg",
    "back\\slash.jpg",
    "~tilde*star(paren)!.jpg",
    "semi;colon:at@comma,equals=.jpg",
    "a..b/...jpg",
    ".hidden/.file",
    "/".join(["k" * 200] * 5)[:1004] + "/" + "j" * 19,
]


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def stored(data: bytes) -> StoredObject:
    return StoredObject(data, md5(data), md5(data))


def put(store: Store, bucket: str, key: str, data: bytes) -> str | Failure:
    return store.upload(bucket, key, data, "image/jpeg", md5(data))


def error_type(result: object) -> ErrorType:
    assert isinstance(result, Failure), result
    return result.error_type


@pytest.fixture(params=["memory", "s3"])
def make_store(request: pytest.FixtureRequest) -> Callable[[str], Store]:
    """Makes a store whose training bucket has the name given."""
    if request.param == "memory":
        return lambda training: MemoryStore(("images", "training"), training)
    server: S3Server = request.getfixturevalue("s3_server")
    return lambda training: S3Store(server.settings(training_bucket=training), MemoryTelemetry())


@pytest.fixture
def store(make_store: Callable[[str], Store]) -> Store:
    return make_store("training")


@pytest.fixture
def key() -> str:
    return f"{secrets.token_hex(8)}/photo.jpg"


@pytest.mark.parametrize("name", KEYS)
def test_what_was_put_under_any_key_comes_back_under_it(store: Store, name: str) -> None:
    prefix = secrets.token_hex(8)
    key, data = f"{prefix}/{name}"[:1024], name.encode()
    assert put(store, "training", key, data) == md5(data)
    assert store.download("training", key, MEBIBYTE) == stored(data)
    assert store.source_etag("training", key) == md5(data)


@pytest.mark.parametrize("size", [0, 1, 65536, 4 * MEBIBYTE + 17, 6 * MEBIBYTE])
def test_an_object_of_any_size_is_stored_whole_with_its_md5_as_etag(
    store: Store, key: str, size: int
) -> None:
    data = secrets.token_bytes(size)
    assert put(store, "training", key, data) == md5(data)
    assert store.download("training", key, size) == stored(data)


def test_an_object_above_the_limit_is_refused_for_ever_with_size_limit_and_setting(
    store: Store, key: str
) -> None:
    put(store, "images", key, bytes(1001))
    failure = store.download("images", key, 1000)
    assert error_type(failure) is ErrorType.SOURCE_TOO_LARGE
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.PERMANENT
    for part in (key, "images", "1001", "1000", "AUGMENT_MAX_SOURCE_BYTES"):
        assert part in failure.error


def test_an_object_that_is_not_there_is_missing_and_may_appear_later(
    store: Store, key: str
) -> None:
    failure = store.download("images", key, MEBIBYTE)
    assert error_type(failure) is ErrorType.SOURCE_MISSING
    assert error_type(store.source_etag("images", key)) is ErrorType.SOURCE_MISSING
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.TRANSIENT
    assert key in failure.error
    put(store, "images", key, b"now")
    assert store.download("images", key, MEBIBYTE) == stored(b"now")


def test_a_bucket_that_is_not_there_makes_its_source_missing(store: Store, key: str) -> None:
    failure = store.download("no-such-bucket", key, MEBIBYTE)
    assert error_type(failure) is ErrorType.SOURCE_MISSING
    assert isinstance(failure, Failure)
    assert "no-such-bucket" in failure.error
    assert error_type(store.source_etag("no-such-bucket", key)) is ErrorType.SOURCE_MISSING


def test_an_upload_into_a_missing_bucket_fails_and_names_the_bucket_and_the_remedy(
    store: Store, key: str
) -> None:
    failure = put(store, "no-such-bucket", key, b"data")
    assert error_type(failure) is ErrorType.UPLOAD_FAILED
    assert isinstance(failure, Failure)
    assert "no-such-bucket" in failure.error
    assert "augment init" in failure.error


def test_an_upload_that_is_not_what_its_md5_says_is_an_etag_mismatch_and_stores_nothing(
    store: Store, key: str
) -> None:
    failure = store.upload("training", key, b"sent", "image/jpeg", md5(b"meant"))
    assert error_type(failure) is ErrorType.ETAG_MISMATCH
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.TRANSIENT


def test_an_upload_made_again_replaces_the_object(store: Store, key: str) -> None:
    assert put(store, "training", key, b"first") == md5(b"first")
    assert put(store, "training", key, b"second") == md5(b"second")
    assert store.download("training", key, 100) == stored(b"second")


@pytest.mark.parametrize("name", ["a/./b.jpg", "./b.jpg", "a/.", " "])
def test_a_key_that_no_url_can_carry_is_missing_rather_than_another_object(
    store: Store, name: str
) -> None:
    assert error_type(store.download("images", name, 100)) is ErrorType.SOURCE_MISSING
    assert error_type(store.source_etag("images", name)) is ErrorType.SOURCE_MISSING


def test_many_threads_put_and_get_at_once_and_each_finds_its_own(store: Store) -> None:
    prefix = secrets.token_hex(8)

    def there_and_back(number: int) -> bool:
        key, data = f"{prefix}/{number % 3}/{number}.jpg", bytes([number]) * 50_000
        put(store, "training", key, data)
        return store.download("training", key, MEBIBYTE) == stored(data)

    with ThreadPoolExecutor(24) as threads:
        assert all(threads.map(there_and_back, range(96)))


def test_a_probe_finds_the_store_there(store: Store) -> None:
    assert store.probe() is None


def test_a_probe_finds_a_missing_training_bucket_and_says_how_to_create_it(
    make_store: Callable[[str], Store],
) -> None:
    failure = make_store("not-yet-there").probe()
    assert isinstance(failure, Failure)
    assert "not-yet-there" in failure.error
    assert "augment init" in failure.error


def test_nothing_is_left_of_an_upload_that_failed(store: Store, key: str) -> None:
    store.upload("training", key, b"sent", "image/jpeg", md5(b"meant"))
    assert error_type(store.source_etag("training", key)) is ErrorType.SOURCE_MISSING
