"""Bytewax's own metrics, for the endpoint of the process.

Bytewax counts in Rust and shows its numbers on a web server of its own alone. So that is switched
on, at a free port, and asked at each scrape; what it adds of Python's default registry is left
out. Where it does not answer, the scrape goes without.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator, MutableMapping
from http.client import HTTPConnection, HTTPException

ENABLED, PORT, CACHE = (
    f"BYTEWAX_DATAFLOW_API_{name}" for name in ("ENABLED", "PORT", "CACHE_PATH")
)
PREFIX = "bytewax_"
TIMEOUT_SECONDS = 0.5

Exposition = Callable[[bool], bytes]
"""Metrics in a text format: OpenMetrics (True), or Prometheus's own."""


def enable_bytewax_metrics(environment: MutableMapping[str, str] = os.environ) -> Exposition:
    """Have Bytewax serve its metrics, and return how to read them. Before the dataflow starts.

    What an operator has set already is left as it is.
    """
    if ENABLED not in environment or PORT not in environment:
        environment[PORT] = str(_free_port())
    environment[ENABLED] = "1"
    # Bytewax leaves a picture of the dataflow there; the working directory may be read-only.
    environment.setdefault(CACHE, tempfile.gettempdir())
    port = int(environment[PORT])
    return lambda openmetrics: bytewax_metrics(port, openmetrics)


def bytewax_metrics(port: int, openmetrics: bool) -> bytes:
    """The metrics that Bytewax serves on a port of this machine; empty where it does not answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except (OSError, HTTPException, ValueError):
        return b""
    finally:
        connection.close()
    lines = list(_own_lines(text, openmetrics))
    return "".join(f"{line}\n" for line in lines).encode()


def _own_lines(text: str, openmetrics: bool) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith(PREFIX):
            yield line
        elif line.startswith((f"# HELP {PREFIX}", f"# TYPE {PREFIX}")):
            mark, word, name, rest = line.split(" ", 3)
            # OpenMetrics names a counter's family without the suffix of its samples.
            family = name.removesuffix("_total") if openmetrics else name
            yield f"{mark} {word} {family} {rest}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
