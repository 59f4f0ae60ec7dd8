"""Free TCP ports on loopback, below those that the system hands out for outgoing connections."""

import random
import socket

PORTS = range(10_000, 20_000)
"""Below the ephemeral ports, and below the sandbox's."""


def free_port() -> int:
    """A port on which, and on the next one, nothing listens right now."""
    while True:
        port = random.choice(PORTS)
        if _is_free(port) and _is_free(port + 1):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
