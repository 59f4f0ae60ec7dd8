"""What an HTTP answer says before its body. Of a dozen headers one is asked for, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_STATUS = b"HTTP/"


class Headers:
    """The headers of the last answer among lines as they came; none is read before it is asked for.

    What came before was not the answer yet: 100 Continue for instance.
    """

    __slots__ = ("_lines",)

    def __init__(self, lines: Sequence[bytes] = ()) -> None:
        self._lines = lines

    @property
    def status(self) -> int:
        """The answer's status; 0 where there is none.

        >>> Headers([b"HTTP/1.1 100 Continue", b"", b"HTTP/1.1 204 No Content", b"ETag: a"]).status
        204
        """
        for line in reversed(self._lines):
            if line.startswith(_STATUS):
                code = line[:40].split()[1:2]
                return int(code[0]) if code and code[0].isdigit() else 0
        return 0

    def get(self, name: str) -> str | None:
        """The value of a header, by its name in lower case.

        >>> Headers([b"HTTP/1.1 200 OK", b"ETag: 7f"]).get("etag")
        '7f'
        """
        prefix = f"{name}:".encode()
        for line in self._last_answer():
            if line[: len(prefix)].lower() == prefix:
                return line[len(prefix) :].strip().decode("latin-1")
        return None

    def _last_answer(self) -> Iterator[bytes]:
        for line in reversed(self._lines):
            if line.startswith(_STATUS):
                return
            yield line
