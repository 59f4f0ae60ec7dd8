"""The probe: is the store there, and can it take variations?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from colecionador.domain.events import DependencyCalled, Notice
from colecionador.domain.failures import OUTAGE_TYPES, Failure
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store
from tests.connectors.s3.hostile_server import (
    Answer,
    Handler,
    HostileServer,
    hang_up,
    raw,
    status,
    trickle,
)
from tests.fix_s3 import s3_settings
from tests.free_port import free_port


def test_a_probe_is_one_head_of_the_training_bucket_made_anew_each_time(
    store: S3Store, hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    hostile.will(status(200))
    assert store.probe() is None
    assert store.probe() is None
    asked = [(request.method, request.path) for request in hostile.requests]
    assert asked == [("HEAD", "/training")] * 2
    assert [call.operation for call in telemetry.of(DependencyCalled)] == ["probe", "probe"]


def test_a_store_that_forbids_a_look_at_the_bucket_is_there_and_said_to_forbid_it(
    store: S3Store, hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    hostile.will(status(403))
    assert store.probe() is None
    (notice,) = telemetry.of(Notice)
    assert notice.level == "warning"
    assert dict(notice.fields)["bucket"] == "training"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(404), "augment init"),
        (status(301, x_amz_bucket_region="sa-east-1"), 'AUGMENT_S3_REGION="sa-east-1"'),
        (status(400), "HTTP 400"),
        (status(429), "HTTP 429"),
        (status(500), "HTTP 500"),
        (status(503), "HTTP 503"),
        (hang_up, "AUGMENT_S3_ENDPOINT"),
        (raw(b"no HTTP"), "AUGMENT_S3_ENDPOINT"),
        (trickle(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 5000), "TimeoutError"),
    ],
)
def test_a_store_that_would_refuse_every_upload_is_not_there(
    store: S3Store, hostile: HostileServer, answer: Answer, words: str
) -> None:
    hostile.will(answer)
    failure = store.probe()
    assert isinstance(failure, Failure)
    assert failure.error_type in OUTAGE_TYPES
    assert '"training"' in failure.error
    assert words in failure.error
    assert len(hostile.requests) == 1


def test_where_nothing_listens_the_store_is_not_there_and_the_address_is_named(
    telemetry: MemoryTelemetry,
) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    store = S3Store(s3_settings(endpoint), telemetry)
    for failure in (store.probe(), store.download("images", "k", 1), store.source_etag("b-1", "k")):
        assert isinstance(failure, Failure)
        assert failure.error_type in OUTAGE_TYPES
        assert f'AUGMENT_S3_ENDPOINT="{endpoint}"' in failure.error
        assert "refused" in failure.error


def test_a_probe_does_not_wait_behind_requests_that_hang(
    store: S3Store, hostile: HostileServer
) -> None:
    taken, answered = threading.Barrier(3), threading.Event()

    def answer(handler: Handler) -> None:
        if handler.command == "GET":
            taken.wait(20)
            answered.wait(20)
        status(200)(handler)

    hostile.will(answer)
    with ThreadPoolExecutor(2) as threads:
        # As many as the pool has connections.
        downloads = [threads.submit(store.download, "images", "k", 1) for _ in range(2)]
        taken.wait(20)
        assert store.probe() is None
        assert not any(download.done() for download in downloads)
        answered.set()


def test_probes_do_not_wait_for_each_other(store: S3Store, hostile: HostileServer) -> None:
    together = threading.Barrier(4)

    def answer(handler: Handler) -> None:
        together.wait(20)
        status(200)(handler)

    hostile.will(answer)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: store.probe(), range(4))) == [None] * 4


def test_a_trial_puts_an_object_of_the_size_asked_for_and_deletes_it_again(
    store: S3Store, hostile: HostileServer
) -> None:
    hostile.will(status(200))
    assert store.try_upload(1000) is None
    put, delete = hostile.requests
    assert (put.method, put.path, len(put.body)) == ("PUT", "/training/augment-trial", 1000)
    assert (delete.method, delete.path) == ("DELETE", "/training/augment-trial")


@pytest.mark.parametrize("refusal", [403, 500, 507])
def test_a_store_that_takes_no_object_is_told_by_a_trial_and_not_by_a_probe(
    store: S3Store, hostile: HostileServer, refusal: int
) -> None:
    hostile.will(status(200), status(refusal))
    assert store.probe() is None
    failure = store.try_upload(1000)
    assert isinstance(failure, Failure)
    assert failure.error_type in OUTAGE_TYPES
    assert f"HTTP {refusal}" in failure.error
