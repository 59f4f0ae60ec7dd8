"""The pool of connections: never more than the setting, none lost, none stale."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from colecionador.domain.failures import Failure
from colecionador.domain.ports import StoredObject
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store, create_missing_buckets
from tests.connectors.s3.hostile_server import (
    Answer,
    Handler,
    HostileServer,
    error,
    hang_up,
    raw,
    status,
)
from tests.fix_s3 import rclone_s3, s3_settings
from tests.free_port import free_port

GOOD = status(200, b"photo", ETag='"abc"')
PHOTO = StoredObject(b"photo", "abc", hashlib.md5(b"photo").hexdigest())


def test_as_many_requests_run_at_once_as_the_pool_has_connections_and_no_more(
    hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    store = S3Store(s3_settings(hostile.endpoint, s3_pool=3), telemetry)
    together = threading.Barrier(3)

    def answer(handler: Handler) -> None:
        together.wait(20)
        GOOD(handler)

    hostile.will(answer)
    with ThreadPoolExecutor(9) as threads:
        found = list(threads.map(lambda _: store.download("images", "k", 100), range(9)))
    assert found == [PHOTO] * 9
    assert hostile.most_connections == 3


@pytest.mark.parametrize(
    "failing",
    [
        hang_up,
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nphoto"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\nphoto"),
        status(200, bytes(1000)),
        error(403, "AccessDenied"),
        error(500, "InternalError"),
        status(404),
        status(307, bytes(100_000), Location="/images/other"),
    ],
)
def test_a_request_that_fails_gives_its_connection_back(
    store: S3Store, hostile: HostileServer, failing: Answer
) -> None:
    # Of two connections each that is lost would leave fewer: the third request would hang.
    hostile.will(failing)
    for _ in range(3):
        assert isinstance(store.download("images", "k", 100), Failure)
        assert isinstance(store.upload("training", "k", b"data", "image/png", "00" * 16), Failure)
    hostile.will(GOOD)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: store.download("images", "k", 100), range(4)))
    assert found == [PHOTO] * 4


def test_one_connection_serves_request_after_request(
    store: S3Store, hostile: HostileServer
) -> None:
    seen: list[tuple[str, int]] = []

    def answer(handler: Handler) -> None:
        seen.append(handler.client_address)
        GOOD(handler)

    hostile.will(answer)
    for _ in range(5):
        store.download("images", "k", 100)
        store.source_etag("images", "k")
    assert len(set(seen)) == 1


def test_a_restarted_server_is_found_again_in_spite_of_dead_connections(
    tmp_path: Path, telemetry: MemoryTelemetry
) -> None:
    directory, port = tmp_path / "s3", free_port()
    directory.mkdir()
    data = b"x" * 100_000
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    with rclone_s3(directory, port=port) as server:
        store = S3Store(server.settings(s3_pool=4), telemetry)
        create_missing_buckets(server.settings())
        with ThreadPoolExecutor(4) as threads:
            list(
                threads.map(lambda n: store.upload("training", f"{n}", data, "i/j", md5), range(8))
            )
    assert isinstance(store.probe(), Failure)
    assert isinstance(store.download("training", "0", 100_000), Failure)
    with rclone_s3(directory, port=port), ThreadPoolExecutor(4) as threads:
        assert store.probe() is None
        found = list(threads.map(lambda n: store.download("training", f"{n}", 100_000), range(8)))
    assert found == [StoredObject(data, md5, md5)] * 8
