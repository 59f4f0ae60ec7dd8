"""One `Telemetry` before several: every backend is told, and none can harm an item."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import structlog

from colecionador.domain.events import Event
from colecionador.domain.ports import Telemetry


class FanOut:
    """Tells every backend of each event, in order, on the caller's thread.

    A backend may say which kinds of event it takes, in a set `takes`; it is not told of others.

    A backend that raises is passed over for that event; its first exception of each type is
    logged with its traceback, the rest are not. Backends do no I/O that can wait, so neither does
    this.
    """

    def __init__(self, backends: Sequence[Telemetry]) -> None:
        self._backends = tuple(backends)
        # Which backends each kind of event concerns: most concern one or two.
        self._told: dict[type, tuple[Telemetry, ...]] = {}
        self._reported: set[tuple[type, type]] = set()

    def emit(self, event: Event) -> None:
        """Tell every backend that takes such events."""
        told = self._told.get(type(event))
        if told is None:
            told = self._told[type(event)] = self._takers(type(event))
        for backend in told:
            try:
                backend.emit(event)
            except Exception as error:  # noqa: BLE001 - whatever it is, the item goes on
                self._report(backend, event, error)

    def _takers(self, kind: type) -> tuple[Telemetry, ...]:
        return tuple(
            backend
            for backend in self._backends
            if (takes := getattr(backend, "takes", None)) is None or kind in takes
        )

    def _report(self, backend: Telemetry, event: Event, error: Exception) -> None:
        kind = (type(backend), type(error))
        if kind in self._reported:
            return
        self._reported.add(kind)
        # The log may be the very backend that fails, for instance on a closed stderr.
        with suppress(Exception):
            structlog.get_logger().error(
                "Telemetry backend failed",
                backend=type(backend).__name__,
                told=type(event).__name__,
                exc_info=error,
            )
