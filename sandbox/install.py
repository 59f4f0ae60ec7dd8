"""What no Python package brings: RabbitMQ, a codec, and what only tests need."""

from __future__ import annotations

import ctypes
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.packages import Package, install
from sandbox.rabbitmq import find_server

# Erlang's package brings the last two along.
_RABBITMQ = Package("rabbitmq-server", "rabbitmq-server", ("epmd.service", "epmd.socket"))
_MONITORING = {
    "promtool": Package("prometheus", "prometheus"),
    "amtool": Package("prometheus-alertmanager", "prometheus-alertmanager"),
}
"""Each by the program that is there when it is."""
_TURBOJPEG = Package("libturbojpeg0")
_TURBOJPEG_OF_UBUNTU = Package("libturbojpeg")
_TURBOJPEG_LIBRARY = "libturbojpeg.so.0"
_POSTGRESQL = Package("postgresql", "postgresql")
_POSTGRESQL_FOLDERS = "usr/lib/postgresql/*/bin"


def ensure_rabbitmq(report: Callable[[str], None]) -> None:
    """Install RabbitMQ where it is missing and that is possible; `SandboxError` otherwise."""
    if find_server() is None:
        install([_RABBITMQ], report)


def ensure_turbojpeg(report: Callable[[str], None]) -> None:
    """Install TurboJPEG where it is missing and that is possible; else say what goes without it."""
    try:
        ctypes.CDLL(_TURBOJPEG_LIBRARY)
    except OSError:
        ubuntu = "ubuntu" in _distribution()
        try:
            install([_TURBOJPEG_OF_UBUNTU if ubuntu else _TURBOJPEG], report)
        except SandboxError as error:
            report(f"JPEGs take half as much again of the processor without TurboJPEG; {error}")


def _distribution() -> str:
    """What this system is, and what it is like, in the words of its own release file."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{release.get('ID', '')} {release.get('ID_LIKE', '')}"


def ensure_monitoring(report: Callable[[str], None]) -> None:
    """Install Prometheus and Alertmanager where they are missing; `SandboxError` otherwise."""
    missing = [package for program, package in _MONITORING.items() if not shutil.which(program)]
    if missing:
        install(missing, report)


def ensure_tls_postgresql(report: Callable[[str], None]) -> None:
    """Install a PostgreSQL that has TLS where none is there; `SandboxError` otherwise."""
    if find_tls_postgresql() is None:
        install([_POSTGRESQL], report)


def find_tls_postgresql() -> Path | None:
    """The programs of Debian's newest PostgreSQL; None where there is none."""
    found = [path for path in Path("/").glob(_POSTGRESQL_FOLDERS) if (path / "initdb").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)
