"""The metrics as DogStatsD takes them: lines of text in datagrams, for a Datadog agent.

The service writes them itself. The protocol is a line a value, a datagram needs no answer and
cannot be waited for, and Datadog's own client would bring threads and settings of its own.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from colecionador.domain.events import Event, Settled, UploadFailed, VariationsCommitted
from colecionador.domain.results import StoredVariation
from colecionador.domain.settlements import Completion, Outcome
from connectors.telemetry import metrics
from connectors.telemetry.measuring import Measuring, Observer
from connectors.telemetry.metrics import Kind, Metric, resident_memory_bytes
from connectors.telemetry.outbox import Lost, Outbox

DATAGRAM_BYTES = 1432
"""What fits into one Ethernet frame, as Datadog's own clients have it."""
WAITING_LIMIT = 20_000
LINGER_SECONDS = 0.2
"""Lines are collected for so long, so that a datagram holds many."""
MEMORY_SECONDS = 10.0
DEFAULT_PORT = 8125
PACKAGE = "colecionador-augmentations"

_TYPES = {Kind.COUNTER: "c", Kind.GAUGE: "g", Kind.HISTOGRAM: "h"}


def unified_tags(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """`env`, `service` and `version`, by the variables that Datadog has for them."""
    tags = {
        "env": environment.get("DD_ENV"),
        "service": environment.get("DD_SERVICE", PACKAGE),
        "version": environment.get("DD_VERSION", _version()),
    }
    return tuple(f"{name}:{_clean(value)}" for name, value in tags.items() if value)


def datagrams(lines: Sequence[str]) -> Iterator[bytes]:
    """Lines joined to datagrams of at most `DATAGRAM_BYTES`."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        encoded = line.encode()
        if waiting and size + 1 + len(encoded) > DATAGRAM_BYTES:
            yield b"\n".join(waiting)
            waiting, size = [], 0
        size += len(encoded) + bool(waiting)
        waiting.append(encoded)
    if waiting:
        yield b"\n".join(waiting)


class _Lines:
    """A `Meter` that writes lines. Gauges are sent whole: an agent knows no relative ones."""

    def __init__(self, put: Callable[[str], None], tags: Sequence[str]) -> None:
        self._put = put
        self._tags = tuple(tags)
        self._gauges: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def add(self, metric: Metric, amount: float, *labels: str) -> None:
        if metric.kind is Kind.COUNTER:
            self._write(metric.name, amount, "c", metric, labels)
            return
        with self._lock:
            value = self._gauges.get((metric.name, *labels), 0.0) + amount
            self._gauges[metric.name, *labels] = value
            self._write(metric.name, value, "g", metric, labels)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        self._write(metric.name, value, "g", metric, labels)

    def observer(self, metric: Metric, *labels: str) -> Observer:
        return lambda value: self._write(metric.name, value, _TYPES[metric.kind], metric, labels)

    def plain(self, name: str, value: float, kind: str) -> None:
        self._put(f"{name}:{value:.10g}|{kind}|#{','.join(self._tags)}")

    def _write(
        self, name: str, value: float, kind: str, metric: Metric, labels: tuple[str, ...]
    ) -> None:
        own = (f"{label}:{each}" for label, each in zip(metric.labels, labels, strict=True))
        self._put(f"{name}:{value:.10g}|{kind}|#{','.join((*self._tags, *own))}")


class DogStatsdTelemetry:
    """A `Telemetry` over UDP: the contract's metrics, and three under the names of old."""

    def __init__(
        self,
        address: str,
        categorias: Collection[str],
        lost: Lost,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`address` is `host:port`; `now` is in seconds since the epoch."""
        parts = urlsplit(f"//{address}")
        self._host, self._port = parts.hostname or "localhost", parts.port or DEFAULT_PORT
        self._agent: tuple[socket.socket, tuple[Any, ...]] | None = None
        self._now = now
        self._memory_due = 0.0
        self._outbox: Outbox[str] = Outbox(
            "dogstatsd", self._send, lost, limit=WAITING_LIMIT, linger=LINGER_SECONDS
        )
        self._lines = _Lines(self._outbox.put, unified_tags())
        self._measuring = Measuring(self._lines, categorias, now)

    def emit(self, event: Event) -> None:
        """Write the lines of the metrics that the event concerns, if any."""
        self._measuring.emit(event)
        match event:
            case VariationsCommitted(variations=variations):
                stored = sum(isinstance(each, StoredVariation) for each in variations)
                self._lines.plain("augmentations_count", stored, "c")
            case UploadFailed():
                self._lines.plain("uploads_failed_count", 1, "c")
            case Settled(settlement=Completion(outcome=Outcome.SUCCESS, subject=subject)):
                elapsed = max(self._now() - subject.delivered_at, 0.0)
                self._lines.plain("processing_time_ms", elapsed * 1000, "ms")
                self._tell_memory()

    def close(self, seconds: float) -> None:
        """Send what is waiting, for so long at most."""
        self._outbox.close(seconds)
        if self._agent is not None:
            self._agent[0].close()

    def _tell_memory(self) -> None:
        if self._now() >= self._memory_due:
            self._memory_due = self._now() + MEMORY_SECONDS
            self._lines.set(metrics.RESIDENT_MEMORY, resident_memory_bytes())

    def _send(self, lines: Sequence[str]) -> None:
        if self._agent is None:
            self._agent = self._look_up()
        sender, where = self._agent
        try:
            for datagram in datagrams(lines):
                sender.sendto(datagram, where)
        except OSError:
            # The agent may have moved; its name is looked up again next time.
            sender.close()
            self._agent = None
            raise

    def _look_up(self) -> tuple[socket.socket, tuple[Any, ...]]:
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, where = found[0]
        # Not connected: there is none to hear that nobody listens.
        return socket.socket(family, kind, protocol), where


def _version() -> str | None:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return None


def _clean(value: str) -> str:
    return value.replace(",", "_").replace("|", "_").replace("\n", "_")
