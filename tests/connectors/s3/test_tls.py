"""The same store over https, under an authority of the user's own."""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.ports import StoredObject
from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store, Timeouts, create_missing_buckets
from tests.connectors.s3.certificate import write_certificate
from tests.connectors.s3.hostile_server import (
    HostileServer,
    hostile_server,
    silence,
    status,
    trickle,
)
from tests.fix_s3 import S3Server, rclone_s3, s3_settings

DATA = b"photo" * 300_000
MD5 = hashlib.md5(DATA, usedforsecurity=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


@pytest.fixture
def secure_server(certificate: tuple[Path, Path], tmp_path: Path) -> Iterator[S3Server]:
    directory = tmp_path / "s3"
    directory.mkdir()
    options = ("--cert", str(certificate[0]), "--key", str(certificate[1]))
    with rclone_s3(directory, *options) as server:
        yield server


@pytest.fixture
def secure_hostile(certificate: tuple[Path, Path]) -> Iterator[HostileServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with hostile_server(context) as server:
        yield server


@pytest.mark.usefixtures("trusted")
def test_a_server_under_the_authority_of_ssl_cert_file_works_as_any_other(
    secure_server: S3Server, telemetry: MemoryTelemetry
) -> None:
    settings = secure_server.settings()
    assert [made.created for made in create_missing_buckets(settings)] == [True, True]
    store = S3Store(settings, telemetry)
    assert store.probe() is None
    assert store.upload("training", "k", DATA, "image/jpeg", MD5.hexdigest()) == MD5.hexdigest()
    assert store.download("training", "k", len(DATA)) == StoredObject(
        DATA, MD5.hexdigest(), MD5.hexdigest()
    )


def test_a_server_under_an_unknown_authority_is_not_talked_to_and_the_remedy_is_named(
    secure_server: S3Server, telemetry: MemoryTelemetry
) -> None:
    store = S3Store(secure_server.settings(), telemetry)
    for failure in (store.download("images", "k", 1), store.probe()):
        assert isinstance(failure, Failure)
        assert failure.error_type is ErrorType.SOURCE_UNAVAILABLE
        assert "SSL_CERT_FILE" in failure.error


def test_http_spoken_to_a_server_of_https_and_the_reverse_are_failures(
    secure_server: S3Server, s3_server: S3Server, telemetry: MemoryTelemetry
) -> None:
    for endpoint in (
        secure_server.endpoint.replace("https:", "http:"),
        s3_server.endpoint.replace("http:", "https:"),
    ):
        store = S3Store(s3_settings(endpoint), telemetry)
        for failure in (store.download("images", "k", 1), store.probe()):
            assert isinstance(failure, Failure)
            assert failure.error_type is ErrorType.SOURCE_UNAVAILABLE


@pytest.mark.usefixtures("trusted")
def test_over_https_the_body_is_not_hashed_for_the_signature_and_its_md5_still_goes_along(
    secure_hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    secure_hostile.will(status(200, ETag=f'"{MD5.hexdigest()}"'))
    store = S3Store(s3_settings(secure_hostile.endpoint), telemetry)
    assert store.upload("training", "k", DATA, "image/jpeg", MD5.hexdigest()) == MD5.hexdigest()
    (request,) = secure_hostile.requests
    assert request.headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert request.headers["Content-MD5"] == b64encode(MD5.digest()).decode()
    assert request.body == DATA


@pytest.mark.usefixtures("trusted")
def test_the_deadline_holds_over_https_in_both_directions(
    secure_hostile: HostileServer, telemetry: MemoryTelemetry
) -> None:
    timeouts = Timeouts(connect=30, silence=30, whole=0.5)
    store = S3Store(s3_settings(secure_hostile.endpoint), telemetry, timeouts)
    secure_hostile.will(trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + bytes(500)))
    download = store.download("images", "k", 1000)
    secure_hostile.leave_bodies = True
    secure_hostile.will(silence)
    upload = store.upload("training", "k", bytes(64 << 20), "image/jpeg", "00" * 16)
    for failure in (download, upload):
        assert isinstance(failure, Failure)
        assert "TimeoutError" in failure.error
