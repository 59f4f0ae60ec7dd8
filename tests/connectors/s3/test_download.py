"""Downloads from a server that does everything wrong."""

from __future__ import annotations

import gzip
import hashlib

import pytest

from colecionador.domain.events import Dependency, DependencyCalled
from colecionador.domain.failures import ErrorType, Failure, Kind
from colecionador.domain.ports import StoredObject
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store, Timeouts
from tests.connectors.s3.hostile_server import (
    Answer,
    Handler,
    HostileServer,
    error,
    hang_up,
    hostile_server,
    raw,
    silence,
    status,
    trickle,
)
from tests.fix_s3 import s3_settings

GOOD = status(200, b"photo", ETag='"abc"')
CUT_SHORT = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: "abc"\r\n\r\nphoto')
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: abc\r\n\r\n"
    b"2\r\nph\r\n3\r\noto\r\n0\r\n\r\n"
)
PHOTO = StoredObject(b"photo", "abc", hashlib.md5(b"photo").hexdigest())


def fails(result: StoredObject | str | Failure | None, expected: ErrorType) -> str:
    assert isinstance(result, Failure), result
    assert result.error_type is expected, result
    return result.error


@pytest.mark.parametrize(
    "passing", [hang_up, CUT_SHORT, error(500, "InternalError"), status(502), status(503)]
)
def test_what_fails_once_for_a_reason_that_passes_is_asked_again_at_once(
    store: S3Store, hostile: HostileServer, passing: Answer
) -> None:
    hostile.will(passing, GOOD)
    assert store.download("images", "k", 1000) == PHOTO
    hostile.will(passing, GOOD)
    assert store.source_etag("images", "k") == "abc"


@pytest.mark.parametrize(
    "lasting", [hang_up, CUT_SHORT, error(500, "InternalError"), status(502), status(503)]
)
def test_what_fails_twice_makes_the_source_unavailable(
    store: S3Store, hostile: HostileServer, lasting: Answer
) -> None:
    hostile.will(lasting)
    failure = store.download("images", "k", 1000)
    words = fails(failure, ErrorType.SOURCE_UNAVAILABLE)
    assert '"k"' in words
    assert '"images"' in words
    assert len(hostile.requests) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(404, "NoSuchKey"), ErrorType.SOURCE_MISSING),
        (error(404, "NoSuchKey", "text/xml; charset=utf-8"), ErrorType.SOURCE_MISSING),
        (status(404), ErrorType.SOURCE_MISSING),
        (status(404, b"<html>not S3 at all", Content_Type="text/html"), ErrorType.SOURCE_MISSING),
        (error(404, "NoSuchBucket"), ErrorType.SOURCE_MISSING),
        (error(403, "AccessDenied"), ErrorType.SOURCE_FORBIDDEN),
        (error(403, "AccessDenied", "text/xml"), ErrorType.SOURCE_FORBIDDEN),
        (
            status(403, b"\xff\xfe<Error", Content_Type="application/xml"),
            ErrorType.SOURCE_FORBIDDEN,
        ),
        (status(401), ErrorType.SOURCE_FORBIDDEN),
        (error(503, "SlowDown"), ErrorType.SOURCE_UNAVAILABLE),
        (status(429), ErrorType.SOURCE_UNAVAILABLE),
        (status(400), ErrorType.SOURCE_UNAVAILABLE),
        (status(409), ErrorType.SOURCE_UNAVAILABLE),
        (status(206, b"pho", ETag='"abc"'), ErrorType.SOURCE_UNAVAILABLE),
    ],
)
def test_a_refusal_is_what_its_status_says_in_every_dialect_and_asked_once(
    store: S3Store, hostile: HostileServer, answer: Answer, expected: ErrorType
) -> None:
    hostile.will(answer)
    fails(store.download("images", "k", 1000), expected)
    assert len(hostile.requests) == 1
    fails(store.source_etag("images", "k"), expected)


def test_a_forbidden_source_comes_with_its_remedy(store: S3Store, hostile: HostileServer) -> None:
    hostile.will(error(403, "AccessDenied"))
    found = fails(store.download("images", "k", 1000), ErrorType.SOURCE_FORBIDDEN)
    assert "allow AUGMENT_S3_ACCESS_KEY" in found


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("SignatureDoesNotMatch", "AUGMENT_S3_SECRET_KEY"),
        ("InvalidAccessKeyId", "AUGMENT_S3_ACCESS_KEY"),
        ("RequestTimeTooSkewed", "clock"),
    ],
)
def test_keys_or_a_clock_that_no_request_would_pass_with_are_an_outage_with_its_remedy(
    store: S3Store, hostile: HostileServer, code: str, remedy: str
) -> None:
    hostile.will(error(403, code))
    assert remedy in fails(store.download("images", "k", 1000), ErrorType.SOURCE_UNAVAILABLE)
    hostile.will(status(403), error(403, code))
    assert remedy in fails(store.probe(), ErrorType.SOURCE_UNAVAILABLE)


@pytest.mark.parametrize("size", ["101", "900000000000", "9" * 40])
def test_a_declared_size_above_the_limit_is_refused_before_the_body_is_read(
    store: S3Store, hostile: HostileServer, size: str
) -> None:
    # The body never comes: a store that waited for it would have nothing to answer with.
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()

    def send(handler: Handler) -> None:
        handler.wfile.write(head)
        handler.hostile.stopping.wait()

    hostile.will(send)
    failure = store.download("images", "k", 100)
    words = fails(failure, ErrorType.SOURCE_TOO_LARGE)
    assert size in words
    assert "100" in words
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.PERMANENT


def test_an_undeclared_size_above_the_limit_is_refused_one_byte_later(
    store: S3Store, hostile: HostileServer
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    endless = b"10\r\n0123456789abcdef\r\n" * 10_000

    def send(handler: Handler) -> None:
        handler.wfile.write(head)
        while not handler.hostile.stopping.is_set():
            handler.wfile.write(endless)

    hostile.will(send)
    words = fails(store.download("images", "k", 100), ErrorType.SOURCE_TOO_LARGE)
    assert "over 100 bytes" in words


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED,
        b"HTTP/1.1 200 OK\r\nETag: abc\r\n\r\nphoto",
        b"HTTP/1.0 200 OK\r\nETag: abc\r\n\r\nphoto",
        b"HTTP/1.1 200\r\nETag: abc\r\n\r\nphoto",
        b"HTTP/1.1 200 Note: fine\r\nETag: abc\r\n\r\nphoto",
        b"HTTP/1.1 100 Continue\r\nETag: x\r\n\r\nHTTP/1.1 200 OK\r\nETag: abc\r\n\r\nphoto",
        b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: W/"abc"\r\n\r\nphoto',
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: abc\r\n\r\nphoto and much more",
    ],
)
def test_a_body_is_read_however_its_length_is_told(
    store: S3Store, hostile: HostileServer, answer: bytes
) -> None:
    hostile.will(raw(answer))
    assert store.download("images", "k", 100) == PHOTO


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\nphoto",
        b"HTTP/1.1 200 OK\r\nContent-Length: what\r\nETag: abc\r\n\r\nphoto",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 6000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 110_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\nphoto",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nphoto\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\n<Error>",
    ],
)
def test_an_answer_that_is_none_makes_the_source_unavailable(
    store: S3Store, hostile: HostileServer, answer: bytes
) -> None:
    hostile.will(raw(answer))
    fails(store.download("images", "k", 100), ErrorType.SOURCE_UNAVAILABLE)
    hostile.will(GOOD)
    assert store.download("images", "k", 100) == PHOTO


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000,
        b"HTTP/1.1 200 OK\r\n" + b"X-Padding: " + b"y" * 1000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000,
        b"HTTP/1.1 500 Oh\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000,
    ],
)
def test_a_server_that_trickles_holds_no_thread_beyond_the_deadline(
    hasty_store: S3Store, hostile: HostileServer, answer: bytes
) -> None:
    hostile.will(trickle(answer))
    words = fails(hasty_store.download("images", "k", 5000), ErrorType.SOURCE_UNAVAILABLE)
    assert "TimeoutError" in words
    assert len(hostile.requests) == 1


def test_silence_ends_before_the_deadline_and_is_asked_once(
    hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    timeouts = Timeouts(connect=30, silence=1, whole=3600)
    store = S3Store(s3_settings(hostile.endpoint), telemetry, timeouts)
    hostile.will(silence)
    fails(store.download("images", "k", 5000), ErrorType.SOURCE_UNAVAILABLE)
    fails(store.source_etag("images", "k"), ErrorType.SOURCE_UNAVAILABLE)
    assert len(hostile.requests) == 2


def test_a_refusal_is_read_where_it_is_larger_than_the_object_may_be(
    store: S3Store, hostile: HostileServer
) -> None:
    hostile.will(error(404, "NoSuchBucket"))
    assert "NoSuchBucket" in fails(store.download("images", "k", 1), ErrorType.SOURCE_MISSING)


def test_an_endless_error_is_not_read_to_its_end(store: S3Store, hostile: HostileServer) -> None:
    def send(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 403 No\r\n\r\n")
        while not handler.hostile.stopping.is_set():
            handler.wfile.write(b"<Error>" * 10_000)

    hostile.will(send)
    fails(store.download("images", "k", 100), ErrorType.SOURCE_FORBIDDEN)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_signed_request_does_not_follow_a_redirect_elsewhere(
    store: S3Store, hostile: HostileServer, code: int
) -> None:
    with hostile_server() as elsewhere:
        elsewhere.will(GOOD)
        there = f"{elsewhere.endpoint}/images/k"
        hostile.will(status(code, Location=there, x_amz_bucket_region="sa-east-1"))
        words = fails(store.download("images", "k", 100), ErrorType.SOURCE_UNAVAILABLE)
        fails(store.source_etag("images", "k"), ErrorType.SOURCE_UNAVAILABLE)
        assert elsewhere.requests == []
    assert f"HTTP {code}" in words
    assert "sa-east-1" in words or code not in {301, 307}


def test_an_object_with_a_content_encoding_comes_back_as_it_is_stored(
    store: S3Store, hostile: HostileServer
) -> None:
    packed = gzip.compress(b"photo" * 1000)
    hostile.will(status(200, packed, Content_Encoding="gzip", ETag='"abc"'))
    assert store.download("images", "k", len(packed)) == StoredObject(
        packed, "abc", hashlib.md5(packed).hexdigest()
    )


def test_every_round_trip_is_told_to_telemetry_the_repeated_one_too(
    store: S3Store, hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    hostile.will(status(500), GOOD)
    store.download("images", "k", 100)
    store.source_etag("images", "k")
    calls = telemetry.of(DependencyCalled)
    assert [(call.dependency, call.operation) for call in calls] == [
        (Dependency.S3, "get"),
        (Dependency.S3, "get"),
        (Dependency.S3, "head"),
    ]
    assert all(call.seconds > 0 for call in calls)
