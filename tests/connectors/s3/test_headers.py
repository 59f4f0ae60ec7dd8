"""What is read of an answer's headers."""

from __future__ import annotations

import pytest

from connectors.s3.headers import Headers

CONTINUE = [b"HTTP/1.1 100 Continue\r\n", b"ETag: early\r\n", b"\r\n"]
ANSWER = [b"HTTP/1.1 204 No Content\r\n", b"eTaG:  7f \r\n", b"Server: s3\r\n", b"\r\n"]


def test_a_header_is_found_whatever_its_case_and_its_spaces() -> None:
    assert Headers(ANSWER).get("etag") == "7f"
    assert Headers(ANSWER).get("server") == "s3"


def test_of_several_answers_the_last_one_counts() -> None:
    headers = Headers([*CONTINUE, *ANSWER])
    assert (headers.status, headers.get("etag")) == (204, "7f")
    bare = Headers([*CONTINUE, b"HTTP/1.1 200 OK\r\n", b"\r\n"])
    assert (bare.status, bare.get("etag")) == (200, None)


@pytest.mark.parametrize("line", [b"HTTP/1.1", b"HTTP/1.1 \r\n", b"HTTP/1.1 two\r\n", b"nonsense"])
def test_no_status_is_none(line: bytes) -> None:
    assert Headers([line]).status == 0
    assert Headers().status == 0
