"""The hostile server, and a store that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.memory.telemetry import MemoryTelemetry
from connectors.s3 import S3Store, Timeouts
from tests.connectors.s3.hostile_server import HostileServer, hostile_server
from tests.fix_s3 import s3_server, s3_settings

__all__ = ["s3_server"]


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    """A server that answers as it is told."""
    with hostile_server() as server:
        yield server


@pytest.fixture
def telemetry() -> MemoryTelemetry:
    """Remembers what the store emits."""
    return MemoryTelemetry()


@pytest.fixture
def store(hostile: HostileServer, telemetry: MemoryTelemetry) -> S3Store:
    """A store at the hostile server, with two connections and patient time-outs."""
    return S3Store(s3_settings(hostile.endpoint, s3_pool=2), telemetry)


@pytest.fixture
def hasty_store(hostile: HostileServer, telemetry: MemoryTelemetry) -> S3Store:
    """The same, which endures silence for long, but no request."""
    timeouts = Timeouts(connect=30, silence=30, whole=0.5)
    return S3Store(s3_settings(hostile.endpoint, s3_pool=2), telemetry, timeouts)
