"""The child: `python -m colecionador.isolation.child DESCRIPTOR`, and the requests that it serves.

It ends when its parent does: its end of the socket closes, and a death signal covers a parent that
is killed while the child computes.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from colecionador.domain.failures import ErrorType, Failure, internal_failure
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.allocator import keep_freed_memory
from colecionador.imaging.codec import AnyImage, Header
from colecionador.imaging.intake import Judgement, accept, decode_and_judge
from colecionador.imaging.rendering import render
from colecionador.isolation.requests import Answer, Decode, Forget, Inspect, Render, Request

_PR_SET_PDEATHSIG = 1
_PAGE_BYTES = resource.getpagesize()


def main() -> None:
    """Serve requests from the socket whose descriptor is the only argument."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    # A terminal's Ctrl-C reaches the whole group; the parent drains and ends the child itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    with socket.socket(fileno=int(sys.argv[1])) as link:
        serve(Connection(link.detach()))


def serve(connection: Connection) -> None:
    """Answer requests until the other end closes."""
    child = Child()
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        connection.send(child.answer(request))


class Child:
    """One photo at a time: its file, its header, its pixels."""

    def __init__(self) -> None:
        self._data = b""
        self._header: Header | None = None
        self._image: AnyImage | None = None

    def answer(self, request: Request) -> Answer:
        """The answer to one request; an unexpected exception is an answer too."""
        try:
            return self._do(request)
        except MemoryError:
            return Failure(ErrorType.POISON, "needed more memory than a photo of its size may take")
        except Exception as error:  # noqa: BLE001 - the parent has to know what it was
            return internal_failure(error)

    def _do(self, request: Request) -> Answer:
        match request:
            case Inspect(data, max_pixels):
                return self._inspect(data, max_pixels)
            case Decode(thresholds, memory_bytes):
                limit_memory(memory_bytes)
                return self._decode(thresholds)
            case Render(variation, item_id, plan_version, jpeg_quality):
                if self._image is None:
                    raise RuntimeError("nothing was decoded")
                return render(
                    self._image,
                    variation,
                    item_id=item_id,
                    plan_version=plan_version,
                    jpeg_quality=jpeg_quality,
                )
            case Forget():
                self._forget()
                return None

    def _forget(self) -> None:
        self._data, self._header, self._image = b"", None, None
        lift_memory_limit()

    def _inspect(self, data: bytes, max_pixels: int) -> Header | Failure:
        self._forget()
        header = accept(data, max_pixels)
        if not isinstance(header, Failure):
            self._data, self._header = data, header
        return header

    def _decode(self, thresholds: Thresholds) -> Judgement | Failure:
        if self._header is None:
            raise RuntimeError("nothing was inspected")
        decoded = decode_and_judge(self._data, self._header, thresholds)
        if isinstance(decoded, Failure):
            return decoded
        self._image, judgement = decoded
        return judgement


def limit_memory(more_bytes: int) -> None:
    """Let the address space grow by so much from now on; what exceeds it is a `MemoryError`."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    now_bytes = int(pages) * _PAGE_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now_bytes + more_bytes, hard))


def lift_memory_limit() -> None:
    """Let the address space grow again."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


if __name__ == "__main__":
    main()
