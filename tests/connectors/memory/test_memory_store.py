"""What the store in memory can do beyond the port: fail on demand, and be looked into."""

from __future__ import annotations

import hashlib

from colecionador.domain.failures import OUTAGE_TYPES, ErrorType, Failure
from colecionador.domain.ports import StoredObject
from connectors.memory.store import MemoryStore, Put

FORBIDDEN = Failure(ErrorType.SOURCE_FORBIDDEN, "as the test wants it")
MD5 = hashlib.md5(b"photo", usedforsecurity=False).hexdigest()


def upload(store: MemoryStore) -> str | Failure:
    return store.upload("training", "moedas/1/blur.jpg", b"photo", "image/jpeg", MD5)


def test_an_object_fails_as_often_as_it_is_told_and_no_other_does() -> None:
    store = MemoryStore()
    store.put("images", "a", b"photo")
    store.put("images", "b", b"photo")
    store.fail("images", "a", FORBIDDEN, times=2)
    assert store.download("images", "a", 100) == FORBIDDEN
    assert store.download("images", "b", 100) == StoredObject(b"photo", MD5, MD5)
    assert store.source_etag("images", "a") == FORBIDDEN
    assert store.download("images", "a", 100) == StoredObject(b"photo", MD5, MD5)


def test_an_object_that_is_told_to_fail_for_ever_does_until_told_otherwise() -> None:
    store = MemoryStore()
    store.fail("training", "moedas/1/blur.jpg", FORBIDDEN)
    assert [upload(store) for _ in range(5)] == [FORBIDDEN] * 5
    store.fail("training", "moedas/1/blur.jpg", FORBIDDEN, times=0)
    assert upload(store) == MD5


def test_in_an_outage_nothing_answers_and_afterwards_everything_is_as_it_was() -> None:
    store = MemoryStore()
    store.put("images", "a", b"photo")
    store.go_down("the cable is out")
    for failure in (
        store.probe(),
        store.download("images", "a", 100),
        store.source_etag("images", "a"),
        upload(store),
    ):
        assert isinstance(failure, Failure)
        assert failure.error_type in OUTAGE_TYPES
        assert failure.error == "the cable is out"
    store.come_back()
    assert store.probe() is None
    assert store.download("images", "a", 100) == StoredObject(b"photo", MD5, MD5)


def test_its_dump_reads_well_in_a_golden_file() -> None:
    store = MemoryStore()
    upload(store)
    store.put("images", "originals/1.jpg", b"photo")
    store.put("images", "gone.jpg", b"photo")
    store.remove("images", "gone.jpg")
    assert list(store.dump().items()) == [
        ("images/originals/1.jpg", f"{MD5}, 5 bytes"),
        ("training/moedas/1/blur.jpg", f"{MD5}, 5 bytes"),
    ]


def test_every_upload_is_remembered_the_repeated_one_too() -> None:
    store = MemoryStore()
    upload(store)
    upload(store)
    assert store.puts == (Put("training", "moedas/1/blur.jpg", "image/jpeg", MD5),) * 2
