"""What libcurl keeps between requests, and what it must not take from elsewhere."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, permutations
from threading import Barrier

import certifi
import pycurl
import pytest

from colecionador.domain.failures import Failure
from colecionador.domain.settings import SettingsError
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store, Timeouts
from connectors.s3.headers import Headers
from connectors.s3.transport import KeptConnectionFailed, Signing, Transport
from tests.connectors.s3.hostile_server import (
    Handler,
    HostileServer,
    hostile_server,
    silence,
    status,
)
from tests.fix_s3 import s3_settings
from tests.fix_service import wait_until

SIGNING = Signing("us-east-1", "key", "secret")
PHOTO = bytes(range(256)) * 4000
BODIES = {"PUT": b"variation" * 1000, "GET": b"", "HEAD": b"", "DELETE": b""}
ANSWERS = {
    "PUT": status(200, ETag='"abc"'),
    "GET": status(200, PHOTO),
    "HEAD": status(200, PHOTO),
    "DELETE": status(204),
}


@pytest.fixture
def transport() -> Transport:
    """Over one connection."""
    return Transport(Timeouts(), 1, certifi.where(), SIGNING, wait=True)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_that_the_environment_names_is_not_used(
    store: S3Store, hostile: HostileServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for exempting in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(exempting, raising=False)
    hostile.will(status(200, b"photo"))
    with hostile_server() as proxy:
        proxy.will(status(404))
        monkeypatch.setenv(name, proxy.endpoint)
        assert not isinstance(store.download("images", "k", 100), Failure)
        assert proxy.requests == []


def test_one_connection_serves_the_four_methods_in_any_order(
    transport: Transport, hostile: HostileServer
) -> None:
    clients = set()

    def answer(handler: Handler) -> None:
        clients.add(handler.client_address)
        ANSWERS[handler.command](handler)

    hostile.will(answer)
    methods = [*chain.from_iterable(permutations(BODIES))]
    for method in methods:
        headers = {"Content-Type": "image/jpeg"} if method == "PUT" else {}
        body = BODIES[method] if method == "PUT" else None
        url = f"{hostile.endpoint}/images/{method}"
        answered = transport.request(method, url, headers, body, len(PHOTO))
        assert answered.body == (PHOTO if method == "GET" else b"")
        assert answered.headers.get("etag") == ('"abc"' if method == "PUT" else None)
    assert [request.method for request in hostile.requests] == methods
    for request in hostile.requests:
        assert request.path == f"/images/{request.method}"
        assert request.body == BODIES[request.method]
        assert ("Content-Length" in request.headers) == (request.method == "PUT")
        assert ("Content-Type" in request.headers) == (request.method == "PUT")
        assert {"Expect", "Accept-Encoding"}.isdisjoint(request.headers)
    assert len(clients) == 1


def test_a_body_without_a_type_is_called_no_form(
    transport: Transport, hostile: HostileServer
) -> None:
    hostile.will(status(200))
    transport.request("PUT", f"{hostile.endpoint}/training/k", {}, b"")
    (request,) = hostile.requests
    assert request.headers["Content-Length"] == "0"
    assert "Content-Type" not in request.headers


def test_a_kept_connection_keeps_no_body_in_memory(
    transport: Transport, hostile: HostileServer
) -> None:
    hostile.will(status(200, PHOTO))
    sent = bytes(bytearray(PHOTO))
    before = sys.getrefcount(sent)
    transport.request("PUT", f"{hostile.endpoint}/training/k", {}, sent, len(PHOTO))
    assert sys.getrefcount(sent) == before
    received = transport.request("GET", f"{hostile.endpoint}/images/k", {}, None, len(PHOTO)).body
    assert sys.getrefcount(received) == before


def test_an_address_that_is_no_ascii_is_not_found(telemetry: MemoryTelemetry) -> None:
    store = S3Store(s3_settings("http://bücher.invalid:9000"), telemetry)
    assert isinstance(store.download("images", "k", 100), Failure)


@pytest.mark.parametrize("key", ["chavé", "ana@colecionador.pt", "a/b", "a b", ""])
def test_an_access_key_that_libcurl_would_sign_as_another_one_is_refused(
    hostile: HostileServer, telemetry: MemoryTelemetry, key: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(f'AUGMENT_S3_ACCESS_KEY="{key}"')):
        S3Store(s3_settings(hostile.endpoint, s3_access_key=key), telemetry)


def test_where_nobody_waits_only_as_many_connections_stay_as_the_pool_has(
    hostile: HostileServer,
) -> None:
    transport = Transport(Timeouts(), 2, certifi.where(), SIGNING, wait=False)
    together = Barrier(5)

    def answer(handler: Handler) -> None:
        together.wait(20)
        status(200)(handler)

    def head(_: int) -> Headers:
        return transport.request("HEAD", f"{hostile.endpoint}/training", {}).headers

    hostile.will(answer)
    with ThreadPoolExecutor(5) as threads:
        assert len(list(threads.map(head, range(5)))) == 5
    wait_until(lambda: hostile.open_connections == 2, "others than two connections are open")


def test_a_kept_connection_that_falls_silent_says_nothing_of_the_server(
    hasty_store: S3Store, hostile: HostileServer
) -> None:
    photo = status(200, b"photo")
    hostile.will(photo, silence, photo)
    for _ in range(2):
        assert not isinstance(hasty_store.download("images", "k", 100), Failure)
    assert len(hostile.requests) == 3


def test_where_one_kept_connection_fails_the_others_are_not_used_either(
    hostile: HostileServer,
) -> None:
    transport = Transport(
        Timeouts(connect=30, silence=30, whole=2), 2, certifi.where(), SIGNING, wait=True
    )
    together, clients = Barrier(2), []

    def note(handler: Handler) -> None:
        clients.append(handler.client_address)
        status(200)(handler)

    def note_together(handler: Handler) -> None:
        together.wait(20)
        note(handler)

    def head(_: int = 0) -> Headers:
        return transport.request("HEAD", f"{hostile.endpoint}/training", {}).headers

    with ThreadPoolExecutor(2) as threads:
        hostile.will(note_together)
        list(threads.map(head, range(2)))
        hostile.will(silence, note_together)
        with pytest.raises(KeptConnectionFailed):
            head()
        list(threads.map(head, range(2)))
    assert len(set(clients)) == 4


def test_a_distrusted_connection_is_closed_before_the_next_request(
    transport: Transport, hostile: HostileServer
) -> None:
    clients = []

    def answer(handler: Handler) -> None:
        clients.append(handler.client_address)
        status(200)(handler)

    hostile.will(answer)
    for _ in range(3):
        transport.request("HEAD", f"{hostile.endpoint}/training", {})
        transport.distrust()
    assert len(set(clients)) == 3
    wait_until(lambda: hostile.open_connections == 1, "distrusted connections are open")


def test_a_place_in_the_pool_outlives_a_handle_that_could_not_be_made(
    hostile: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = Transport(Timeouts(), 1, certifi.where(), SIGNING, wait=True)
    hostile.will(status(200))

    def no_memory() -> object:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(pycurl, "Curl", no_memory)
        with pytest.raises(MemoryError):
            transport.request("HEAD", f"{hostile.endpoint}/training", {})
    with ThreadPoolExecutor(1) as threads:
        again = threads.submit(transport.request, "HEAD", f"{hostile.endpoint}/training", {})
        assert again.result(20).headers.status == 200
