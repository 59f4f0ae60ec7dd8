"""The HTTP under the S3 client: libcurl, and one exception for every answer that is no success.

A whole request is signed and runs in libcurl, without the GIL but for what comes back. A server
is not taken at its word: each request has its deadline, no more of a body is kept than was asked
for, and of an error's no more than it needs. Redirects are refusals too: a signed request must not
go elsewhere.
"""

from __future__ import annotations

import html
import io
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Empty, Full, LifoQueue

import pycurl

from connectors.s3.timeouts import Timeouts

ANSWER_LIMIT_BYTES = 64 * 1024
"""Of an answer that is no object: S3's errors have a few hundred bytes."""

_BUFFER_BYTES = 512 * 1024
_SUCCESS = frozenset({200, 204})
_STATUS_LINE = re.compile(rb"HTTP/[\d.]+ (\d{3})")
_SIZE = re.compile(r"\d{1,40}")
_CODE = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})")
_NO_CONNECTION = frozenset({pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT})
_NO_TRUST = frozenset({pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE})


class Refused(Exception):
    """An answer whose status is no success: its status, S3's code and message, its headers."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"HTTP {status} {code}: {message}")
        self.status = status
        self.code = code
        """S3's word for it, e.g. `NoSuchKey`; empty where there is no body."""
        self.message = message
        self.headers = headers


class Unanswered(Exception):
    """A request to which no whole answer came."""


class Unreachable(Unanswered):
    """No connection could be opened."""


class Untrusted(Unanswered):
    """The server's certificate is from no authority that is trusted."""


class TimedOut(Unanswered):
    """The answer took too long."""


class KeptConnectionFailed(Unanswered):
    """No answer came over a connection that an earlier request had left open.

    Its other end may have gone without a word meanwhile, which says nothing of the server.
    """


class Oversized(Unanswered):
    """An answer with more bytes than were asked for; its size in words, e.g. `over 100 bytes`."""

    def __init__(self, size: str) -> None:
        super().__init__(f"an answer of {size}")
        self.size = size


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is a success; the names of its headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signing:
    """What requests are signed with, by AWS Signature Version 4."""

    region: str
    access_key: str
    secret_key: str


class Transport:
    """Requests over a pool of kept connections. Safe from several threads.

    With `wait`, a request waits while all connections are taken; without, it has one of its own,
    which is closed afterwards. Over https certificates are checked against the file `authorities`.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        connections: int,
        authorities: str,
        signing: Signing,
        *,
        wait: bool,
    ) -> None:
        self._options = (
            (pycurl.AWS_SIGV4, f"aws:amz:{signing.region}:s3"),
            (pycurl.USERNAME, signing.access_key),
            (pycurl.PASSWORD, signing.secret_key.encode()),
            (pycurl.NOSIGNAL, 1),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            # A signed request goes to the server that it names, whatever http_proxy says.
            (pycurl.PROXY, ""),
            (pycurl.MAXCONNECTS, 1),
            (pycurl.BUFFERSIZE, _BUFFER_BYTES),
            # To a server that reads nothing libcurl sends one of these a second, until the kernel
            # takes no more: by the default of 64 KiB, silence was 20 s late.
            (pycurl.UPLOAD_BUFFERSIZE, _BUFFER_BYTES),
            (pycurl.CAINFO, authorities),
            (pycurl.CONNECTTIMEOUT_MS, math.ceil(timeouts.connect * 1000)),
            (pycurl.TIMEOUT_MS, math.ceil(timeouts.whole * 1000)),
            (pycurl.LOW_SPEED_LIMIT, 1),
            (pycurl.LOW_SPEED_TIME, math.ceil(timeouts.silence)),
        )
        self._wait = wait
        self._era = object()
        # The last one first: the others' connections are closed by the server when nobody needs
        # them. A place without a handle yet is None.
        self._free: LifoQueue[_Kept | None] = LifoQueue(connections)
        for _ in range(connections):
            self._free.put(None)

    def distrust(self) -> None:
        """Use none of the connections that are open now for another request."""
        self._era = object()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
    ) -> Answer:
        """Send one request. Raises `Refused`, or `Unanswered`: the same for all methods.

        More than `limit_bytes` are `Oversized`, before they are read where they are declared.
        """
        receiving = _Receiving(method, limit_bytes)
        kept = self._take()
        try:
            self._perform(kept.handle, method, url, headers, body, receiving)
        except KeptConnectionFailed:
            # The others were opened no later, to the same other end.
            self.distrust()
            raise
        finally:
            self._give_back(kept)
        content = receiving.body.getvalue()
        if receiving.status not in _SUCCESS:
            raise Refused(receiving.status, *parse_error(content), receiving.headers)
        if receiving.excess:
            raise Oversized(receiving.excess)
        return Answer(receiving.headers, content)

    def _perform(
        self,
        handle: pycurl.Curl,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        receiving: _Receiving,
    ) -> None:
        for option, value in self._options:
            handle.setopt(option, value)
        # Above, `authorities` are all; libcurl may have been built with a directory besides.
        handle.unsetopt(pycurl.CAPATH)
        handle.setopt(pycurl.URL, url.encode())
        # libcurl would wait a second for a "100 Continue", and call each body a form.
        lines = {"Expect": "", "Content-Type": "", **headers}
        handle.setopt(
            pycurl.HTTPHEADER, [f"{name}: {line}".encode() for name, line in lines.items()]
        )
        if method == "HEAD":
            handle.setopt(pycurl.NOBODY, 1)
        if body is not None:
            handle.setopt(pycurl.POSTFIELDS, body)
        handle.setopt(pycurl.CUSTOMREQUEST, method)
        handle.setopt(pycurl.HEADERFUNCTION, receiving.take_header)
        handle.setopt(pycurl.WRITEFUNCTION, receiving.take_body)
        try:
            handle.perform()
        except pycurl.error as error:
            if not receiving.excess:
                raise _unanswered(handle, *error.args) from None

    def _take(self) -> _Kept:
        try:
            kept = self._free.get(block=self._wait)
        except Empty:
            kept = None
        era = self._era
        if kept is not None and kept.era is era:
            return kept
        if kept is not None:
            kept.handle.close()
        return _Kept(pycurl.Curl(), era)

    def _give_back(self, kept: _Kept) -> None:
        # Nothing of this request may linger: no option, and no body in memory.
        kept.handle.reset()
        try:
            self._free.put_nowait(kept)
        except Full:
            kept.handle.close()


@dataclass(frozen=True, slots=True)
class _Kept:
    """A handle of libcurl with its one connection, and the era of `Transport` that it is from."""

    handle: pycurl.Curl
    era: object


class _Receiving:
    """What has come back for a request so far; libcurl gives up where a method returns -1."""

    __slots__ = ("_limit_bytes", "_lines", "_method", "body", "excess", "headers", "status")

    def __init__(self, method: str, limit_bytes: int) -> None:
        self._method = method
        self._limit_bytes = limit_bytes
        self._lines: list[bytes] = []
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = io.BytesIO()
        self.excess = ""
        """The size in words, where it is above the limit."""

    def take_header(self, line: bytes) -> int | None:
        """One line of the headers with its end; an empty one ends them."""
        self._lines.append(line)
        if line.strip():
            return None
        lines, self._lines = self._lines, []
        status = _STATUS_LINE.match(lines[0])
        if status is None:
            return None
        # What came before was not the answer yet: 100 Continue for instance.
        self.status = int(status[1])
        fields = (each.decode("latin-1").partition(":") for each in lines[1:])
        self.headers = {
            name.strip().lower(): value.strip() for name, colon, value in fields if colon
        }
        if self._is_object():
            declared = self.headers.get("content-length", "")
            if _SIZE.fullmatch(declared) and int(declared) > self._limit_bytes:
                self.excess = f"{declared} bytes"
                return -1
        return None

    def take_body(self, data: bytes) -> int | None:
        """The next bytes of the body."""
        limit = self._limit_bytes if self._is_object() else ANSWER_LIMIT_BYTES
        room = limit - self.body.tell()
        self.body.write(data[:room])
        if len(data) > room:
            self.excess = f"over {limit} bytes"
            return -1
        return None

    def _is_object(self) -> bool:
        return self.status in _SUCCESS and self._method != "HEAD"


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


def _unanswered(handle: pycurl.Curl, code: int, words: str) -> Unanswered:
    """The exception for a code of libcurl, with its words."""
    if code in _NO_TRUST:
        return Untrusted(words)
    if code in _NO_CONNECTION:
        number = handle.getinfo(pycurl.OS_ERRNO)
        return Unreachable(f"{os.strerror(number)}: {words}" if number else words)
    is_sent = handle.getinfo(pycurl.REQUEST_SIZE) > 0
    if code == pycurl.E_OPERATION_TIMEDOUT:
        words = f"TimeoutError: {words}"
        if not is_sent:
            return Unreachable(words)
    if is_sent and not handle.getinfo(pycurl.NUM_CONNECTS):
        return KeptConnectionFailed(words)
    return TimedOut(words) if code == pycurl.E_OPERATION_TIMEDOUT else Unanswered(words)
