"""Which backends a process has: those that are configured, and none that is not even imported."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from colecionador.domain.events import Handled
from colecionador.domain.settings import Settings
from colecionador.domain.tracing import no_trace
from flows.telemetry import Backends, open_backends, traces_are_wanted
from tests.fix_listener import udp_listener

SENTRY = {"sentry_dsn": "http://key@127.0.0.1:9/42"}
EVERYTHING = SENTRY | {
    "dogstatsd_address": "127.0.0.1:9",
    "alertmanager_url": "http://127.0.0.1:9",
}
OTLP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}

HEAVY = ("sentry_sdk", "opentelemetry", "requests", "google.protobuf")
SHOWN = f"""
import sys
import flows.production
from colecionador.domain.settings import Settings
from flows.telemetry import open_backends
open_backends(Settings(_env_file=None), ())
print([name for name in {HEAVY} if name in sys.modules])
"""


@contextmanager
def opened(given: dict[str, Any], environment: dict[str, str]) -> Iterator[Backends]:
    backends = open_backends(Settings(_env_file=None, **given), ("moedas",), environment)
    yield backends
    backends.close()


def names(backends: Backends) -> list[str]:
    return [type(sender).__name__ for sender in backends.senders]


def test_what_is_not_configured_is_off_and_not_even_imported() -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AUGMENT_", "OTEL_"))}
    shown = subprocess.run(
        [sys.executable, "-c", SHOWN], env=kept, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "[]\n"
    with opened({}, {}) as backends:
        assert backends.senders == ()
        assert backends.start_trace is no_trace


def test_what_is_configured_is_on() -> None:
    with opened(EVERYTHING, OTLP) as backends:
        assert names(backends) == [
            "DogStatsdTelemetry",
            "AlertmanagerTelemetry",
            "SentryTelemetry",
            "TraceTelemetry",
        ]
        assert backends.start_trace(None) is not None


def test_the_end_starts_no_thread_since_an_interpreter_that_ends_would_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with udp_listener() as agent, opened({"dogstatsd_address": agent.address}, OTLP) as backends:
        backends.telemetry.emit(Handled(0, 3))
        monkeypatch.setattr(threading.Thread, "start", refuse)
        backends.close()
        agent.lines("augment_worker_items_total:3|c")


@pytest.mark.parametrize(
    ("missing", "event", "extra"),
    [
        ("sentry_sdk", "Sentry off", "sentry"),
        ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "Traces off", "tracing"),
    ],
)
def test_an_extra_that_is_not_installed_is_a_warning_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, missing: str, event: str, extra: str
) -> None:
    monkeypatch.delitem(sys.modules, "connectors.telemetry.sentry", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with capture_logs() as lines, opened(EVERYTHING, OTLP) as backends:
        assert len(backends.senders) == 3
    (line,) = (line for line in lines if line["event"] == event)
    assert line["log_level"] == "warning"
    assert line["remedy"] == f"pip install 'colecionador-augmentations[{extra}]'"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (OTLP, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, True),
        (OTLP | {"OTEL_SDK_DISABLED": "true"}, False),
        (OTLP | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (OTLP | {"OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_traces_are_wanted_where_the_standard_variables_say_so(
    environment: dict[str, str], wanted: bool
) -> None:
    assert traces_are_wanted(environment) is wanted
