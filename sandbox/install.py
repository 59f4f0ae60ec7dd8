"""Gets RabbitMQ, the one server that no Python package brings, from the system's packages.

The system's own instance, which Debian's package starts and enables, is kept from running: the
sandbox needs the program, not the service.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.rabbitmq import find_server

_COMMAND = "apt-get update && apt-get install --no-install-recommends rabbitmq-server"
_POLICY = Path("/usr/sbin/policy-rc.d")
_FORBID_ALL_STARTS = "#!/bin/sh\nexit 101\n"
# Erlang's package brings the last two along.
_UNITS = ("rabbitmq-server.service", "epmd.service", "epmd.socket")


def ensure_rabbitmq(report: Callable[[str], None]) -> None:
    """Install RabbitMQ where it is missing and that is possible; `SandboxError` otherwise."""
    if find_server() is not None:
        return
    if shutil.which("apt-get") is None:
        raise SandboxError("RabbitMQ is not installed: install your system's rabbitmq-server")
    if os.geteuid() != 0:
        raise SandboxError(f"RabbitMQ is not installed: sudo sh -c '{_COMMAND}'")
    report("installing rabbitmq-server with apt (once, about 15 s); no service will be started")
    enabled_before = {unit for unit in _UNITS if _is_enabled(unit)}
    with _no_service_starts():
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", "rabbitmq-server")
    _disable(enabled_before)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    # Where a policy is there already, it is the machine's own and stays.
    try:
        with _POLICY.open("x") as policy:
            policy.write(_FORBID_ALL_STARTS)
    except FileExistsError:
        yield
        return
    try:
        _POLICY.chmod(0o755)
        yield
    finally:
        _POLICY.unlink()


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet=2", "--option=DPkg::Lock::Timeout=300", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SandboxError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def _disable(enabled_before: set[str]) -> None:
    # The machine's own policy may have let the service start: end what this installation started.
    if _systemd_runs():
        ours = [unit for unit in _UNITS if unit not in enabled_before]
        _attempt("systemctl", "disable", "--now", "--quiet", *ours)
    else:
        _attempt("/etc/init.d/rabbitmq-server", "stop")
        _attempt("update-rc.d", "rabbitmq-server", "disable")


def _is_enabled(unit: str) -> bool:
    if not _systemd_runs():
        return False
    return _attempt("systemctl", "is-enabled", "--quiet", unit)


def _attempt(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _systemd_runs() -> bool:
    return Path("/run/systemd/system").is_dir()
