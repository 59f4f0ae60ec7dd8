"""The HTTP under the S3 client: one answer for every refusal, in whichever dialect it comes.

The minio client tells refusals apart by content type and body: `S3Error`, `InvalidResponseError`
(rclone answers in `text/xml`), `ServerError`, or the XML parser's own exception. Here a status
that is no success becomes one `Refused` before the client sees it, with no more of the body read
than an error needs. Redirects are refusals too: a signed request must not go elsewhere.
"""

from __future__ import annotations

import html
import re
import time
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, HTTPResponse, PoolManager
from urllib3.exceptions import HTTPError

from connectors.s3.deadline import DeadlinePool, SecureDeadlinePool

ANSWER_LIMIT_BYTES = 64 * 1024
"""Of an answer that is no object: S3's errors have a few hundred bytes."""

_SUCCESS = frozenset({200, 204})
_CODE = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})")


class Refused(Exception):
    """An answer whose status is no success: its status, S3's code and message, its headers."""

    def __init__(self, status: int, code: str, message: str, headers: HTTPHeaderDict) -> None:
        super().__init__(f"HTTP {status} {code}: {message}")
        self.status = status
        self.code = code
        """S3's word for it, e.g. `NoSuchKey`; empty where there is no body."""
        self.message = message
        self.headers = headers


class OversizedAnswer(HTTPError):
    """An answer to a request for no object that does not end where it should."""


class Transport(PoolManager):
    """A pool of connections that raises `Refused` for each answer that is no success."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pool_classes_by_scheme = {"http": DeadlinePool, "https": SecureDeadlinePool}

    def distrust(self) -> None:
        """Use none of the connections that are open now for another request."""
        now = time.monotonic()
        # A container that is no mapping: it has keys(), and no iterator.
        for key in self.pools.keys():  # noqa: SIM118
            pool: Any = self.pools.get(key)
            if pool is not None:
                pool.trusted_since = now

    def urlopen(  # type: ignore[override]  # urllib3 overloads nothing here; `kw` stays its own
        self, method: str, url: str, redirect: bool = False, **kw: Any
    ) -> BaseHTTPResponse:
        """Send one request, without redirects. A body that is not preloaded is the caller's."""
        preload = kw.pop("preload_content", True)
        response = super().urlopen(method, url, redirect=False, preload_content=False, **kw)
        if response.status in _SUCCESS and not preload:
            return response
        body = _read_answer(response)
        if response.status in _SUCCESS:
            return HTTPResponse(body, response.headers, response.status, preload_content=False)
        code, message = parse_error(body)
        raise Refused(response.status, code, message, response.headers)


def parse_error(body: bytes) -> tuple[str, str]:
    """S3's code and message from an error's body; empty where it has none.

    >>> parse_error(b"<Error><Code>NoSuchKey</Code><Message>No &amp; never</Message></Error>")
    ('NoSuchKey', 'No & never')
    """
    text = body.decode("utf-8", "replace")
    code, message = _CODE.search(text), _MESSAGE.search(text)
    return (
        code.group(1).strip() if code else "",
        " ".join(html.unescape(message.group(1)).split()) if message else "",
    )


def _read_answer(response: BaseHTTPResponse) -> bytes:
    try:
        body = response.read(ANSWER_LIMIT_BYTES + 1, decode_content=False)
        if len(body) > ANSWER_LIMIT_BYTES and response.status in _SUCCESS:
            raise OversizedAnswer(f"an answer of more than {ANSWER_LIMIT_BYTES} bytes")
        return body
    finally:
        response.close()
        response.release_conn()
