"""Uploads to a server that does everything wrong."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from colecionador.domain.events import DependencyCalled
from colecionador.domain.failures import ErrorType, Failure
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store, Timeouts
from tests.connectors.s3.hostile_server import (
    Answer,
    Handler,
    HostileServer,
    error,
    hang_up,
    raw,
    silence,
    status,
    trickle,
)
from tests.fix_s3 import s3_settings

MEBIBYTE = 1024 * 1024
DATA = b"variation"
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()

STORED = status(200, ETag=f'"{MD5}"')
OTHER_ETAG = status(200, ETag='"0123456789abcdef0123456789abcdef-2"')
NO_ETAG = status(200)
BAD_DIGEST = error(400, "BadDigest")


def upload(store: S3Store, data: bytes = DATA) -> str | Failure:
    md5 = hashlib.md5(data, usedforsecurity=False)
    return store.upload("training", "k", data, "image/jpeg", md5.hexdigest())


def fails(result: str | Failure, expected: ErrorType) -> str:
    assert isinstance(result, Failure), result
    assert result.error_type is expected, result
    return result.error


@pytest.mark.parametrize(
    "passing",
    [OTHER_ETAG, NO_ETAG, BAD_DIGEST, hang_up, error(500, "InternalError"), status(503)],
)
def test_an_upload_that_fails_once_for_a_reason_that_passes_is_made_again_whole(
    store: S3Store, hostile: HostileServer, passing: Answer
) -> None:
    hostile.will(passing, STORED)
    assert upload(store) == MD5
    assert [request.body for request in hostile.requests] == [DATA, DATA]


@pytest.mark.parametrize("lasting", [OTHER_ETAG, NO_ETAG, BAD_DIGEST])
def test_an_etag_that_is_wrong_twice_is_an_etag_mismatch(
    store: S3Store, hostile: HostileServer, lasting: Answer
) -> None:
    hostile.will(lasting)
    words = fails(upload(store), ErrorType.ETAG_MISMATCH)
    assert '"training"' in words
    assert len(hostile.requests) == 2


@pytest.mark.parametrize("lasting", [hang_up, error(500, "InternalError"), status(503), raw(b"?")])
def test_what_fails_twice_is_an_upload_failed(
    store: S3Store, hostile: HostileServer, lasting: Answer
) -> None:
    hostile.will(lasting)
    fails(upload(store), ErrorType.UPLOAD_FAILED)
    assert len(hostile.requests) == 2


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (error(403, "AccessDenied"), "allow AUGMENT_S3_ACCESS_KEY to write"),
        (error(403, "AccessDenied", "text/xml"), "allow AUGMENT_S3_ACCESS_KEY to write"),
        (error(403, "SignatureDoesNotMatch"), "AUGMENT_S3_SECRET_KEY"),
        (error(404, "NoSuchBucket"), "augment init"),
        (status(404), "augment init"),
        (error(400, "InvalidRequest"), "HTTP 400 InvalidRequest"),
        (error(503, "SlowDown"), "SlowDown"),
        (error(507, "XMinioStorageFull"), "XMinioStorageFull"),
        (status(301, x_amz_bucket_region="sa-east-1"), 'AUGMENT_S3_REGION="sa-east-1"'),
    ],
)
def test_a_refused_upload_names_the_bucket_and_the_remedy(
    store: S3Store, hostile: HostileServer, answer: Answer, remedy: str
) -> None:
    hostile.will(answer)
    words = fails(upload(store), ErrorType.UPLOAD_FAILED)
    assert '"training"' in words
    assert remedy in words


@pytest.mark.parametrize("size", [0, 1, 6 * MEBIBYTE])
def test_an_upload_is_one_put_with_its_md5_and_type_signed_whatever_its_size(
    store: S3Store, hostile: HostileServer, size: int
) -> None:
    data = bytes(size)
    md5 = hashlib.md5(data, usedforsecurity=False)
    hostile.will(status(200, ETag=f'"{md5.hexdigest()}"'))
    assert upload(store, data) == md5.hexdigest()
    (request,) = hostile.requests
    assert (request.method, request.path) == ("PUT", "/training/k")
    assert request.body == data
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["content-type"] == "image/jpeg"
    assert headers["content-length"] == str(size)
    assert headers["content-md5"] == b64encode(md5.digest()).decode()
    assert "transfer-encoding" not in headers
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"content-md5", "content-type", "host", "x-amz-content-sha256"} <= set(signed)


def test_the_body_is_signed_by_its_md5_and_not_hashed_once_more(
    store: S3Store, hostile: HostileServer
) -> None:
    hostile.will(STORED)
    upload(store)
    assert hostile.requests[0].headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


def test_a_server_that_reads_nothing_holds_no_thread_beyond_the_silence(
    hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    timeouts = Timeouts(connect=30, silence=1, whole=3600)
    store = S3Store(s3_settings(hostile.endpoint), telemetry, timeouts)
    hostile.will(silence)
    hostile.leave_bodies = True
    fails(upload(store, bytes(64 * MEBIBYTE)), ErrorType.UPLOAD_FAILED)
    assert len(telemetry.of(DependencyCalled)) == 1


def test_a_server_that_reads_by_the_drop_holds_no_thread_beyond_the_deadline(
    hasty_store: S3Store, hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    def sip(handler: Handler) -> None:
        while not handler.hostile.stopping.wait(0.02):
            handler.rfile.read(1000)

    hostile.will(sip)
    hostile.leave_bodies = True
    words = fails(upload(hasty_store, bytes(64 * MEBIBYTE)), ErrorType.UPLOAD_FAILED)
    assert "TimeoutError" in words
    assert len(telemetry.of(DependencyCalled)) == 1


@pytest.mark.parametrize("answer", [silence, trickle(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000)])
def test_an_answer_that_takes_too_long_fails_the_upload_after_one_request(
    hasty_store: S3Store, hostile: HostileServer, answer: Answer
) -> None:
    hostile.will(answer)
    assert "TimeoutError" in fails(upload(hasty_store), ErrorType.UPLOAD_FAILED)
    assert len(hostile.requests) == 1


def test_a_body_that_takes_longer_to_send_than_to_connect_is_sent(
    hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    timeouts = Timeouts(connect=0.1, silence=30, whole=60)
    store = S3Store(s3_settings(hostile.endpoint), telemetry, timeouts)
    data = bytes(64 * MEBIBYTE)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()

    def gulp(handler: Handler) -> None:
        handler.hostile.stopping.wait(0.5)
        handler.rfile.read(len(data))
        status(200, ETag=f'"{md5}"')(handler)

    hostile.will(gulp)
    hostile.leave_bodies = True
    assert upload(store, data) == md5


def test_an_endless_answer_to_an_upload_is_not_read_to_its_end(
    store: S3Store, hostile: HostileServer
) -> None:
    def send(handler: Handler) -> None:
        handler.wfile.write(f'HTTP/1.1 200 OK\r\nETag: "{MD5}"\r\n\r\n'.encode())
        while not handler.hostile.stopping.is_set():
            handler.wfile.write(bytes(100_000))

    hostile.will(send)
    fails(upload(store), ErrorType.UPLOAD_FAILED)
