"""The three servers together: started at once, taken down together."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from sandbox.folder import TemporaryFolder
from sandbox.install import ensure_rabbitmq
from sandbox.postgresql import PostgreSQL
from sandbox.rabbitmq import RabbitMQ
from sandbox.s3 import S3
from sandbox.server import Server


def _say_nothing(line: str) -> None:
    del line


class Sandbox:
    """A private RabbitMQ, PostgreSQL and S3: ready inside the `with`, gone after it.

    Several may run side by side. Without a directory the files go to a temporary folder, which is
    removed; a directory that is given must be new or empty, and is kept.
    """

    def __init__(
        self, directory: Path | None = None, *, report: Callable[[str], None] = _say_nothing
    ) -> None:
        """Nothing is started yet; `report` gets a line of progress for each server."""
        self._report = report
        self._folder: TemporaryFolder | None = None
        holding: tuple[int, ...] = ()
        if directory is None:
            self._folder = TemporaryFolder()
            directory, holding = self._folder.path, (self._folder.descriptor,)
        self.directory = directory.resolve()
        self.rabbitmq = RabbitMQ(self.directory / "rabbitmq", holding)
        self.postgresql = PostgreSQL(self.directory / "postgresql", holding)
        self.s3 = S3(self.directory / "s3", holding)

    @property
    def servers(self) -> tuple[Server, ...]:
        """All three."""
        return (self.rabbitmq, self.postgresql, self.s3)

    @property
    def environment(self) -> dict[str, str]:
        """Every `AUGMENT_*` variable that says where a server is; they survive restarts."""
        return {name: value for each in self.servers for name, value in each.environment.items()}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start all three in parallel and wait until each answers; `SandboxError` otherwise."""
        ensure_rabbitmq(self._report)
        with ThreadPoolExecutor(len(self.servers)) as executor:
            try:
                for started in [executor.submit(self._start, each) for each in self.servers]:
                    started.result()
            except BaseException:
                self._take_down()  # which also ends the waiting of the others
                raise

    def close(self) -> None:
        """Take everything down; safe to repeat."""
        self._take_down()
        if self._folder is not None:
            self._folder.release()
            self._folder = None

    def _start(self, server: Server) -> None:
        began = time.monotonic()
        server.start()
        seconds = time.monotonic() - began
        self._report(f"{server.name} is ready on {server.host}:{server.port} after {seconds:.1f} s")

    def _take_down(self) -> None:
        for server in self.servers:
            server.close()
