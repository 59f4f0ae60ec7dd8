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
from queue import Empty, SimpleQueue

import pycurl

from colecionador.domain.records import record
from connectors.s3.headers import Headers
from connectors.s3.timeouts import Timeouts

ANSWER_LIMIT_BYTES = 64 * 1024
"""Of an answer that is no object: S3's errors have a few hundred bytes."""

_BUFFER_BYTES = 512 * 1024
_SUCCESS = frozenset({200, 204})
_SIZE = re.compile(r"\d{1,40}")
_CODE = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,300})")
_NO_CONNECTION = frozenset({pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT})
_NO_TRUST = frozenset({pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE})


class Refused(Exception):
    """An answer whose status is no success: its status, S3's code and message, its headers."""

    def __init__(self, status: int, code: str, message: str, headers: Headers) -> None:
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


@record
class Answer:
    """An answer that is a success."""

    headers: Headers
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
        self._places: SimpleQueue[None] = SimpleQueue()
        """One for each connection of the pool that is not taken."""
        for _ in range(connections):
            self._places.put(None)
        self._free: list[_Kept] = []
        """The last one is taken first: the server closes those that nobody needs."""

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
        receiving = _Receiving(limit_bytes)
        kept = self._take()
        try:
            self._perform(kept, method, url, headers, body, receiving)
        except KeptConnectionFailed:
            # The others were opened no later, to the same other end.
            self.distrust()
            raise
        finally:
            self._give_back(kept)
        content, answered = receiving.body.getvalue(), Headers(receiving.lines)
        status = answered.status
        if status not in _SUCCESS:
            raise Refused(status, *parse_error(content), answered)
        if receiving.excess:
            raise Oversized(receiving.excess)
        return Answer(answered, content)

    def _perform(
        self,
        kept: _Kept,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        receiving: _Receiving,
    ) -> None:
        handle = kept.handle
        if kept.method != method:
            self._prepare(kept, method)
        handle.setopt(pycurl.URL, url.encode())
        # libcurl would wait a second for a "100 Continue", and call each body a form.
        lines = {"Expect": "", "Content-Type": "", **headers}
        handle.setopt(
            pycurl.HTTPHEADER, [f"{name}: {line}".encode() for name, line in lines.items()]
        )
        if body is not None:
            handle.setopt(pycurl.POSTFIELDS, body)
        is_object = method == "GET"
        handle.setopt(
            pycurl.HEADERFUNCTION,
            receiving.take_header_of_object if is_object else receiving.lines.append,
        )
        handle.setopt(pycurl.WRITEFUNCTION, receiving.take_body)
        try:
            handle.perform()
        except pycurl.error as error:
            if not receiving.excess:
                raise _unanswered(handle, *error.args) from None
        finally:
            # What a request sends and gets must not stay in memory until the next one.
            if body is not None:
                handle.setopt(pycurl.POSTFIELDS, b"")
            handle.unsetopt(pycurl.HEADERFUNCTION)
            handle.unsetopt(pycurl.WRITEFUNCTION)

    def _prepare(self, kept: _Kept, method: str) -> None:
        """Set what all requests of a method have in common, and nothing else.

        A handle goes on with it for as long as the method is the same: nine times of ten.
        """
        handle = kept.handle
        handle.reset()
        for option, value in self._options:
            handle.setopt(option, value)
        # Above, `authorities` are all; libcurl may have been built with a directory besides.
        handle.unsetopt(pycurl.CAPATH)
        if method == "HEAD":
            handle.setopt(pycurl.NOBODY, 1)
        handle.setopt(pycurl.CUSTOMREQUEST, method)
        kept.method = method

    def _take(self) -> _Kept:
        era = self._era
        try:
            self._places.get(block=self._wait)
        except Empty:
            return _Kept(pycurl.Curl(), era, is_extra=True)
        try:
            return self._free_or_new(era)
        except BaseException:
            # Without memory for a handle; a place that is lost would be missed for ever.
            self._places.put(None)
            raise

    def _free_or_new(self, era: object) -> _Kept:
        try:
            kept = self._free.pop()
        except IndexError:
            return _Kept(pycurl.Curl(), era)
        if kept.era is era:
            return kept
        kept.handle.close()
        return _Kept(pycurl.Curl(), era)

    def _give_back(self, kept: _Kept) -> None:
        if kept.is_extra:
            kept.handle.close()
            return
        self._free.append(kept)
        self._places.put(None)


@dataclass(slots=True)
class _Kept:
    """A handle of libcurl with its one connection, and the era of `Transport` that it is from."""

    handle: pycurl.Curl
    era: object
    is_extra: bool = False
    """Whether it has no place in the pool."""
    method: str = ""
    """Of the requests that it is prepared for."""


class _Receiving:
    """What has come back for a request; libcurl gives up where a method returns -1."""

    __slots__ = ("_limit_bytes", "body", "excess", "lines")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self.lines: list[bytes] = []
        """Those of the headers, with their ends; an empty one ends them."""
        self.body = io.BytesIO()
        self.excess = ""
        """The size in words, where it is above the limit."""

    def take_header_of_object(self, line: bytes) -> int | None:
        """The next line of the headers; a body that is declared to be too large is not read."""
        self.lines.append(line)
        if line.strip():
            return None
        declared = Headers(self.lines).get("content-length") or ""
        if not self._is_success() or not _SIZE.fullmatch(declared):
            return None
        if int(declared) <= self._limit_bytes:
            return None
        self.excess = f"{declared} bytes"
        return -1

    def take_body(self, data: bytes) -> int | None:
        """The next bytes of the body."""
        limit = self._limit_bytes if self._is_success() else ANSWER_LIMIT_BYTES
        room = limit - self.body.tell()
        self.body.write(data[:room])
        if len(data) > room:
            self.excess = f"over {limit} bytes"
            return -1
        return None

    def _is_success(self) -> bool:
        return Headers(self.lines).status in _SUCCESS


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
