"""Any key reaches the server as it is, and signed, even one that no test server's disk can hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store
from tests.connectors.s3.hostile_server import HostileServer, Request, hostile_server, status
from tests.fix_s3 import s3_settings

ACCESS_KEY, SECRET_KEY, REGION = "AKIA.a-b_c~d", "s+e/c:r=e%20t é", "eu-south-2"
SIGNED = {"host", "x-amz-content-sha256", "x-amz-date"}

UNRESERVED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%")


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[HostileServer, S3Store]]:
    with hostile_server() as server:
        server.will(status(200, b"photo", ETag='"abc"'))
        keys = {"s3_access_key": ACCESS_KEY, "s3_secret_key": SECRET_KEY, "s3_region": REGION}
        yield server, S3Store(s3_settings(server.endpoint, **keys), MemoryTelemetry())


def authorization_by_minio(request: Request) -> str:
    """What minio's own signer makes of the headers that a request says are signed."""
    sent = {name.lower(): value for name, value in request.headers.items()}
    names = sent["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    uploads = {"content-md5", "content-type"} if request.method == "PUT" else set()
    assert set(names) == SIGNED | uploads
    signed = sign_v4_s3(
        method=request.method,
        url=urlsplit(f"http://{sent['host']}{request.path}"),
        region=REGION,
        headers={name: sent[name] for name in names},
        credentials=Credentials(ACCESS_KEY, SECRET_KEY),
        content_sha256="UNSIGNED-PAYLOAD",
        date=datetime.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )
    return str(signed["Authorization"])


def usable(key: str) -> bool:
    segments = key.split("/")
    return bool(key.strip()) and "." not in segments and ".." not in segments


KEYS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("/ +%#?&=.~\\:"), min_size=1
).filter(lambda key: usable(key) and len(key.encode()) <= 1024)


@settings(max_examples=200, deadline=None)
@given(KEYS)
def test_a_key_is_sent_as_one_path_that_decodes_to_it_and_is_signed(
    wire: tuple[HostileServer, S3Store], key: str
) -> None:
    server, store = wire
    server.requests.clear()
    store.download("images", key, 100)
    store.source_etag("images", key)
    store.upload("images", key, b"photo", "image/jpeg", "00" * 16)
    assert len(server.requests) == 4  # the upload twice: its ETag is wrong
    for request in server.requests:
        assert unquote(request.path, errors="strict") == f"/images/{key}"
        assert set(request.path) <= UNRESERVED
        assert request.headers["Authorization"] == authorization_by_minio(request)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a//b", "/images/a//b"),
        ("/leading", "/images//leading"),
        ("trailing/", "/images/trailing/"),
        ("many///", "/images/many///"),
        ("plus+space percent%20", "/images/plus%2Bspace%20percent%2520"),
        ("hash#question?a=b&c", "/images/hash%23question%3Fa%3Db%26c"),
        ("a..b/...", "/images/a..b/..."),
        ("é", "/images/%C3%A9"),
        ("k" * 1024, "/images/" + "k" * 1024),
        ("é" * 512, "/images/" + "%C3%A9" * 512),
    ],
)
def test_a_key_is_sent_encoded_once_and_never_tidied(
    wire: tuple[HostileServer, S3Store], key: str, path: str
) -> None:
    server, store = wire
    server.requests.clear()
    store.download("images", key, 100)
    assert [request.path for request in server.requests] == [path]
