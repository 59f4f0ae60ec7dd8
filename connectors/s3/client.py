"""The requests that the service makes of an S3 server, addressed and signed by minio's own parts.

minio's public calls stand in the way in three places: they take no Content-MD5 and hash the body
again, for one of their own or for the signature, they parse headers that nobody asked for, and
they go multipart on their own. So its addresses and its signer are used without its calls.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import certifi
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.helpers import BaseURL, check_bucket_name, check_object_name
from minio.signer import sign_v4_s3
from minio.time import to_amz_date, utcnow
from urllib3 import BaseHTTPResponse, HTTPHeaderDict, Timeout
from urllib3.exceptions import HTTPError

from colecionador.domain.settings import Settings, SettingsError
from connectors.s3.deadline import Timeouts, deadline
from connectors.s3.transport import Transport

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
"""What is signed in place of a body's SHA-256: a put signs its Content-MD5, which covers every
byte, and SHA-256 took 3 ms of each 4 MB besides."""


class UnusableName(Exception):
    """A bucket or key that cannot be asked for: blank, or with a `.` segment that URLs lose."""


class KeptConnectionFailed(HTTPError):
    """No answer came over a connection that an earlier request had left open.

    Its other end may have gone without a word meanwhile, which says nothing of the server.
    """


class Client:
    """Single requests to one S3 server; each has its deadline. Safe from several threads.

    Raises `Refused` for an answer that is no success, `urllib3.exceptions.HTTPError` where there
    is none, and `UnusableName` before anything is sent.
    """

    def __init__(
        self,
        minio: Minio,
        addresses: BaseURL,
        region: str,
        credentials: Credentials,
        transport: Transport,
        timeouts: Timeouts,
    ) -> None:
        self._minio = minio
        self._addresses = addresses
        self._region = region
        self._credentials = credentials
        self._transport = transport
        self._timeouts = timeouts

    def distrust(self) -> None:
        """Use none of the connections that are open now for another request."""
        self._transport.distrust()

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        with deadline(self._timeouts) as given:
            try:
                yield
            except HTTPError as error:
                if given.connected:
                    raise
                # The others were opened no later, to the same other end.
                self.distrust()
                raise KeptConnectionFailed(str(error)) from error

    @contextmanager
    def opened(self, bucket: str, object_key: str) -> Iterator[BaseHTTPResponse]:
        """An object's response with its body yet to be read, within the same deadline."""
        with self._deadline():
            response = self._send("GET", bucket, object_key, preload_content=False)
            try:
                yield response
            finally:
                # With bytes unread it is closed; either way its place in the pool is free again.
                response.close()
                response.release_conn()

    def head(self, bucket: str, object_key: str | None = None) -> HTTPHeaderDict:
        """The headers of an object, or of a bucket."""
        with self._deadline():
            return self._send("HEAD", bucket, object_key).headers

    def put(
        self, bucket: str, object_key: str, data: bytes, headers: Mapping[str, str]
    ) -> HTTPHeaderDict:
        """Put an object in one request, whatever its size; all `headers` are signed."""
        with self._deadline():
            return self._send("PUT", bucket, object_key, data, headers).headers

    def delete(self, bucket: str, object_key: str) -> None:
        """Delete an object; one that is not there is deleted already."""
        with self._deadline():
            self._send("DELETE", bucket, object_key)

    def make_bucket(self, bucket: str) -> None:
        """Create a bucket in the configured region."""
        with self._deadline():
            self._minio.make_bucket(bucket)

    def _send(
        self,
        method: str,
        bucket: str,
        object_key: str | None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        preload_content: bool = True,
    ) -> BaseHTTPResponse:
        try:
            check_bucket_name(bucket)
            if object_key is not None:
                check_object_name(object_key)
        except ValueError as error:
            raise UnusableName(str(error)) from None
        url = self._addresses.build(
            method=method, region=self._region, bucket_name=bucket, object_name=object_key
        )
        date = utcnow()
        signed = sign_v4_s3(
            method=method,
            url=url,
            region=self._region,
            headers={
                **(headers or {}),
                "Host": url.netloc,
                "x-amz-content-sha256": UNSIGNED_PAYLOAD,
                "x-amz-date": to_amz_date(date),
            },
            credentials=self._credentials,
            content_sha256=UNSIGNED_PAYLOAD,
            date=date,
        )
        return self._transport.urlopen(
            method, urlunsplit(url), body=data, headers=signed, preload_content=preload_content
        )


def open_client(settings: Settings, timeouts: Timeouts, *, connections: int, wait: bool) -> Client:
    """A client with a pool of `connections`; with `wait`, a call waits while all are taken.

    Over https the server's certificate is checked against `SSL_CERT_FILE` where that is set, else
    against the authorities of certifi. Raises `SettingsError` for an endpoint or region that
    cannot be one.
    """
    endpoint = urlsplit(settings.s3_endpoint)
    transport = Transport(
        maxsize=connections,
        block=wait,
        retries=False,
        timeout=Timeout(connect=timeouts.connect, read=timeouts.silence),
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        cert_reqs="CERT_REQUIRED",
    )
    access_key, secret_key = settings.s3_access_key, settings.s3_secret_key.get_secret_value()
    try:
        minio = Minio(
            endpoint._replace(scheme="").geturl().removeprefix("//").rstrip("/"),
            access_key=access_key,
            secret_key=secret_key,
            secure=endpoint.scheme == "https",
            region=settings.s3_region,
            http_client=transport,
        )
        addresses = BaseURL(settings.s3_endpoint.rstrip("/"), settings.s3_region)
    except ValueError as error:
        shown = endpoint._replace(netloc=endpoint.netloc.rpartition("@")[2]).geturl()
        raise SettingsError(
            f'AUGMENT_S3_ENDPOINT="{shown}" with '
            f'AUGMENT_S3_REGION="{settings.s3_region}": {error}; '
            "give scheme, host and port alone, e.g. http://minio:9000"
        ) from None
    return Client(
        minio,
        addresses,
        addresses.region or settings.s3_region,
        Credentials(access_key, secret_key),
        transport,
        timeouts,
    )
