"""Where the events of a process go: the backends that are always there, and those configured.

A backend that needs an extra is imported only where it is configured. One that cannot be opened
is a warning and never an end: the service works without.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from colecionador.domain.events import Event, Notice
from colecionador.domain.ports import Telemetry
from colecionador.domain.settings import Settings
from colecionador.domain.tracing import StartTrace, no_trace
from connectors.telemetry.alertmanager import AlertmanagerTelemetry
from connectors.telemetry.dogstatsd import DogStatsdTelemetry
from connectors.telemetry.ending import Ending
from connectors.telemetry.fan_out import FanOut
from connectors.telemetry.log import LogTelemetry
from connectors.telemetry.prometheus import PrometheusTelemetry
from connectors.telemetry.readiness import Readiness
from connectors.telemetry.secrets import secret_values, without_secrets

if TYPE_CHECKING:
    from connectors.telemetry.traces import TraceTelemetry

CLOSE_SECONDS = 2.0
"""How long the end of a process may wait for a backend to take what is left."""

OTLP_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Sender(Protocol):
    """A backend that has something left to send at the end."""

    def emit(self, event: Event) -> None:
        """Take one event; never waits."""
        ...

    def close(self, seconds: float) -> None:
        """Send what is waiting, for so long at most."""
        ...


@dataclass(frozen=True, slots=True)
class Backends:
    """The telemetry of one process."""

    telemetry: Telemetry
    metrics: PrometheusTelemetry
    readiness: Readiness
    start_trace: StartTrace
    senders: tuple[Sender, ...]
    endings: tuple[Ending, ...]
    """Of each sender."""

    def close(self) -> None:
        """Let all backends send what they have, side by side; each has two seconds at most."""
        for ending in self.endings:
            ending.begin()
        for ending in self.endings:
            ending.wait(CLOSE_SECONDS)


def open_backends(
    settings: Settings,
    categorias: Collection[str],
    environment: Mapping[str, str] = os.environ,
) -> Backends:
    """The backends that these settings, and the standard `OTEL_*` variables, ask for.

    The log is to be set up before.
    """
    metrics, readiness, log = PrometheusTelemetry(categorias), Readiness(), LogTelemetry()
    senders: list[Sender] = []
    start_trace: StartTrace = no_trace
    if settings.dogstatsd_address is not None:
        senders.append(DogStatsdTelemetry(settings.dogstatsd_address, categorias, metrics.lost))
    if settings.alertmanager_url is not None:
        url = settings.alertmanager_url.get_secret_value()
        senders.append(AlertmanagerTelemetry(url, categorias, metrics.lost))
    try:
        if settings.sentry_dsn is not None:
            senders.append(_sentry(settings, settings.sentry_dsn.get_secret_value(), metrics))
    except Exception as error:  # noqa: BLE001 - whatever the library says of it
        log.emit(_off("Sentry", "sentry", error))
    try:
        if traces_are_wanted(environment):
            traces = _traces()
            senders.append(traces)
            start_trace = traces.start
    except Exception as error:  # noqa: BLE001 - whatever the library says of it
        log.emit(_off("Traces", "tracing", error))
    telemetry = FanOut((metrics, readiness, log, *senders))
    endings = tuple(Ending(partial(sender.close, CLOSE_SECONDS)) for sender in senders)
    return Backends(telemetry, metrics, readiness, start_trace, tuple(senders), endings)


def traces_are_wanted(environment: Mapping[str, str]) -> bool:
    """Whether an OTLP endpoint is named, and traces are not switched off."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    return any(environment.get(name) for name in OTLP_VARIABLES)


def _sentry(settings: Settings, dsn: str, metrics: PrometheusTelemetry) -> Sender:
    # Costs a second and 20 MB where it is not wanted.
    from connectors.telemetry.sentry import SentryTelemetry  # noqa: PLC0415

    return SentryTelemetry(dsn, without_secrets(secret_values(settings)), metrics.lost)


def _traces() -> TraceTelemetry:
    # The same.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    from connectors.telemetry.traces import TraceTelemetry  # noqa: PLC0415

    return TraceTelemetry(OTLPSpanExporter())


def _off(what: str, extra: str, error: Exception) -> Notice:
    remedy = f"pip install 'colecionador-augmentations[{extra}]'"
    missing = isinstance(error, ImportError)
    fields = (("reason", str(error)), *((("remedy", remedy),) if missing else ()))
    return Notice("warning", f"{what} off", fields)
