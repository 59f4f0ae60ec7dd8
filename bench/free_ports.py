"""Ports that nobody listens on."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def cluster_addresses(processes: int) -> str:
    """So many free loopback addresses, as Bytewax's `-a` takes them."""
    with ExitStack() as stack:
        # Bound all at once, so that none is given twice.
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(processes)
        ]
        return ";".join(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)


def free_port() -> int:
    """A free port of the loopback address."""
    return int(cluster_addresses(1).rpartition(":")[2])
