"""The requests that the service makes of an S3 server, addressed by minio's own parts.

minio's public calls stand in the way in four places: they take no Content-MD5 and hash the body
again, for one of their own or for the signature, they parse headers that nobody asked for, they
go multipart on their own, and their HTTP is urllib3's, which costs more than all the rest of a
small put. So its addresses are used without its calls, and libcurl signs what it sends: minio's
signer took half of what Python does for a small put.
"""

from __future__ import annotations

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

import certifi
from minio.helpers import BaseURL, check_bucket_name, check_object_name, quote
from minio.xml import Element, SubElement, getbytes

from colecionador.domain.settings import Settings, SettingsError
from connectors.s3.headers import Headers
from connectors.s3.timeouts import Timeouts
from connectors.s3.transport import ANSWER_LIMIT_BYTES, Answer, Signing, Transport

_UNSIGNED_PAYLOAD = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
"""What is signed in place of a body's SHA-256: a put signs its Content-MD5, which covers every
byte, and SHA-256 took 3 ms of each 4 MB besides."""
_ACCESS_KEY = re.compile(r"[A-Za-z0-9._~-]+")
"""libcurl escapes every other character, and a server would look for the escaped key."""
_DEFAULT_REGION = "us-east-1"
_KEPT_URLS = 64
"""Of buckets; a message may name any."""


class UnusableName(Exception):
    """A bucket or key that cannot be asked for: blank, or with a `.` segment that URLs lose."""


class Client:
    """Single requests to one S3 server; each has its deadline. Safe from several threads.

    Raises `Refused` for an answer that is no success, `Unanswered` where there is none, and
    `UnusableName` before anything is sent.
    """

    def __init__(self, addresses: BaseURL, region: str, transport: Transport) -> None:
        self._addresses = addresses
        self._region = region
        self._transport = transport

    def distrust(self) -> None:
        """Use none of the connections that are open now for another request."""
        self._transport.distrust()

    def get(self, bucket: str, object_key: str, limit_bytes: int) -> Answer:
        """An object; one of more than `limit_bytes` is `Oversized`."""
        return self._send("GET", bucket, object_key, limit_bytes=limit_bytes)

    def head(self, bucket: str, object_key: str | None = None) -> Headers:
        """The headers of an object, or of a bucket."""
        return self._send("HEAD", bucket, object_key).headers

    def put(self, bucket: str, object_key: str, data: bytes, headers: Mapping[str, str]) -> Headers:
        """Put an object in one request, whatever its size; all `headers` are signed."""
        return self._send("PUT", bucket, object_key, data, headers).headers

    def delete(self, bucket: str, object_key: str) -> None:
        """Delete an object; one that is not there is deleted already."""
        self._send("DELETE", bucket, object_key)

    def make_bucket(self, bucket: str) -> None:
        """Create a bucket in the configured region."""
        body = b""
        if self._region != _DEFAULT_REGION:
            # S3 refuses this one region in so many words, and would create it there without any.
            configuration = Element("CreateBucketConfiguration")
            SubElement(configuration, "LocationConstraint", self._region)
            body = getbytes(configuration)
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        self._send("PUT", bucket, None, body, {"Content-MD5": b64encode(md5).decode()})

    def _send(
        self,
        method: str,
        bucket: str,
        object_key: str | None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
    ) -> Answer:
        try:
            url = self._url(method, bucket, object_key)
        except ValueError as error:
            raise UnusableName(str(error)) from None
        lines = {**(headers or {}), **_UNSIGNED_PAYLOAD}
        return self._transport.request(method, url, lines, data, limit_bytes)

    def _url(self, method: str, bucket: str, object_key: str | None) -> str:
        if object_key is None:
            return _bucket_url(self._addresses, method, self._region, bucket)
        check_object_name(object_key)
        # A bucket that is to be created is addressed differently, its objects are not.
        folder = _bucket_url(self._addresses, "GET", self._region, bucket)
        return f"{folder.rstrip('/')}/{quote(object_key)}"


@lru_cache(_KEPT_URLS)
def _bucket_url(addresses: BaseURL, method: str, region: str, bucket: str) -> str:
    """Where a bucket is. Raises `ValueError` for a name that none can have."""
    check_bucket_name(bucket)
    return urlunsplit(addresses.build(method=method, region=region, bucket_name=bucket))


def open_client(settings: Settings, timeouts: Timeouts, *, connections: int, wait: bool) -> Client:
    """A client with a pool of `connections`; with `wait`, a call waits while all are taken.

    Over https the server's certificate is checked against `SSL_CERT_FILE` where that is set, else
    against the authorities of certifi. Raises `SettingsError` for an endpoint, region or access key
    that cannot be one.
    """
    if not _ACCESS_KEY.fullmatch(settings.s3_access_key):
        raise SettingsError(
            f'AUGMENT_S3_ACCESS_KEY="{settings.s3_access_key}": requests can be signed with '
            "letters, digits and . _ ~ - alone; have the server make an access key, "
            "e.g. by mc admin accesskey create"
        )
    try:
        addresses = BaseURL(settings.s3_endpoint.rstrip("/"), settings.s3_region)
    except ValueError as error:
        endpoint = urlsplit(settings.s3_endpoint)
        shown = endpoint._replace(netloc=endpoint.netloc.rpartition("@")[2]).geturl()
        raise SettingsError(
            f'AUGMENT_S3_ENDPOINT="{shown}" with '
            f'AUGMENT_S3_REGION="{settings.s3_region}": {error}; '
            "give scheme, host and port alone, e.g. http://minio:9000"
        ) from None
    authorities = os.environ.get("SSL_CERT_FILE") or certifi.where()
    region = addresses.region or settings.s3_region
    secret_key = settings.s3_secret_key.get_secret_value()
    signing = Signing(region, settings.s3_access_key, secret_key)
    transport = Transport(timeouts, connections, authorities, signing, wait=wait)
    return Client(addresses, region, transport)
