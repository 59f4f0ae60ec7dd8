"""Free TCP ports on loopback that stay ours while a server restarts.

A port is looked for below the range that the kernel hands to outgoing connections: one of those
could otherwise take a server's port while the server is down. Two sandboxes keep out of each
other's way by a name in the abstract socket namespace, which the kernel frees with its owner.
"""

from __future__ import annotations

import random
import socket

from sandbox.errors import SandboxError

HOST = "127.0.0.1"

_FIRST = 20_000
_LAST = 29_999
_ATTEMPTS = 1_000


class ReservedPort:
    """A port number nobody else uses, until `release`."""

    def __init__(self, number: int, claim: socket.socket) -> None:
        self.number = number
        self._claim = claim

    def release(self) -> None:
        """Let another sandbox have the port."""
        self._claim.close()


def reserve() -> ReservedPort:
    """A free port of 127.0.0.1; `SandboxError` when a thousand draws found none."""
    for _ in range(_ATTEMPTS):
        number = random.randint(_FIRST, _LAST)  # noqa: S311
        claim = _claim(number)
        if claim is None:
            continue
        if _is_free(number):
            return ReservedPort(number, claim)
        claim.close()
    raise SandboxError(f"no free TCP port from {_FIRST} to {_LAST}: end what listens there")


def accepts_connections(number: int) -> bool:
    """Whether something listens on this port."""
    try:
        socket.create_connection((HOST, number), timeout=1).close()
    except OSError:
        return False
    return True


def _claim(number: int) -> socket.socket | None:
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0colecionador-sandbox-port-{number}")
    except OSError:
        claim.close()
        return None
    return claim


def _is_free(number: int) -> bool:
    # On every address: a server of the machine may listen on all of them.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("", number))
        except OSError:
            return False
        return True
