"""Telemetry that is down, slow or answers nonsense changes no outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from colecionador.domain.messages import Delivery
from colecionador.domain.plan import load_plan
from colecionador.domain.settings import Settings
from colecionador.domain.tracing import StartTrace
from colecionador.imaging.variations import check_operation
from connectors.memory.broker import MemoryBroker
from flows import telemetry as telemetry_module
from flows.telemetry import Backends, open_backends
from tests.fix_listener import HttpListener, Manner, http_listener
from tests.replay.harness import World, replay
from tests.replay.outcomes import outcomes
from tests.replay.recording import read_recording

STREAMS = Path(__file__).parents[1] / "replay/streams"
STREAM = STREAMS / "failing_sources.jsonl"

BAD = [manner for manner in Manner if manner is not Manner.WELL]


class TracedBroker(MemoryBroker):
    """A broker whose deliveries have spans, as those of RabbitMQ where traces are recorded."""

    def __init__(self, start_trace: StartTrace) -> None:
        super().__init__()
        self._start_trace = start_trace

    def deliver(self, lane: str, generation: int) -> Delivery | None:
        delivery = super().deliver(lane, generation)
        return delivery and replace(delivery, trace=self._start_trace(None))


@contextmanager
def telling(listener: HttpListener, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backends]:
    """Every backend there is, all of them served by one listener, or by nobody."""
    # The agent of DogStatsD is nowhere: UDP knows no answer that could be bad.
    given: dict[str, Any] = {
        "sentry_dsn": f"http://key@127.0.0.1:{listener.port}/42",
        "alertmanager_url": listener.url,
        "dogstatsd_address": "127.0.0.1:9",
    }
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", listener.url)
    monkeypatch.setattr(telemetry_module, "CLOSE_SECONDS", 0.2)
    categorias = load_plan(None, check_operation).categorias
    backends = open_backends(Settings(_env_file=None, **given), categorias)
    assert len(backends.senders) == 4
    yield backends
    backends.close()


@pytest.mark.parametrize("manner", [*BAD, Manner.WELL], ids=lambda manner: manner.name.lower())
def test_a_stream_has_its_recorded_outcome_however_telemetry_answers(
    manner: Manner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_listener(manner) as listener, telling(listener, monkeypatch) as backends:
        settings = Settings.model_validate({"cpu_threads": 2})
        world = World(settings, TracedBroker(backends.start_trace), telemetry=backends.telemetry)
        replay(read_recording(STREAM), settings, workers=1, epoch_ms=10_000, world=world)
        assert outcomes(world) == STREAM.with_suffix(".golden").read_text(encoding="utf-8")
        listener.received.wait_for(1)
