"""Installs packages of Debian or Ubuntu for their programs alone: none of their services runs.

A package that brings a server also starts and enables it for the whole machine. A sandbox needs the
program and not the service, and must not touch one that was there before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

_POLICY = Path("/usr/sbin/policy-rc.d")
_FORBID_ALL_STARTS = "#!/bin/sh\nexit 101\n"
_NO_PORT_MAPPER = {"ERL_FLAGS": "-start_epmd false"}
"""RabbitMQ's init script asks whether it runs, and what asks would leave Erlang's port mapper
running for the whole machine."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, and what of the system it would start."""

    name: str
    service: str | None = None
    """Its own service, in systemd and in `/etc/init.d`; None for a mere library."""
    other_units: tuple[str, ...] = ()
    """Units of what it depends on."""

    @property
    def units(self) -> tuple[str, ...]:
        """Everything that systemd would start for it."""
        own = () if self.service is None else (f"{self.service}.service",)
        return (*own, *self.other_units)


def install(packages: Sequence[Package], report: Callable[[str], None]) -> None:
    """Install packages that are missing; `SandboxError` with the command to type where it cannot.

    Not for one that is there already: that would upgrade it, and restart what runs of it.
    """
    names = [package.name for package in packages]
    described = " and ".join(names)
    if shutil.which("apt-get") is None:
        raise SandboxError(f"not installed: {described}: install your system's packages of them")
    command = f"apt-get update && apt-get install --no-install-recommends {' '.join(names)}"
    if os.geteuid() != 0:
        raise SandboxError(f"not installed: {described}: sudo sh -c '{command}'")
    report(f"installing {described} with apt (once, about 15 s); no service will be started")
    units = [unit for package in packages for unit in package.units]
    enabled_before = {unit for unit in units if _is_enabled(unit)}
    with _no_service_starts():
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *names)
    _disable(packages, [unit for unit in units if unit not in enabled_before])


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


def _disable(packages: Sequence[Package], ours: Sequence[str]) -> None:
    # The machine's own policy may have let a service start: end what this installation started.
    if _systemd_runs():
        if ours:
            _attempt("systemctl", "disable", "--now", "--quiet", *ours)
        return
    for service in [package.service for package in packages if package.service is not None]:
        _attempt(f"/etc/init.d/{service}", "stop")
        _attempt("update-rc.d", service, "disable")


def _is_enabled(unit: str) -> bool:
    if not _systemd_runs():
        return False
    return _attempt("systemctl", "is-enabled", "--quiet", unit)


def _attempt(*command: str) -> bool:
    environment = os.environ | _NO_PORT_MAPPER
    try:
        ended = subprocess.run(command, env=environment, check=False, capture_output=True)
    except FileNotFoundError:
        return False
    return ended.returncode == 0


def _systemd_runs() -> bool:
    return Path("/run/systemd/system").is_dir()
