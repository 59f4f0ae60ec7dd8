"""One `Telemetry` before several: every backend is told, and none can harm an item."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import structlog

from colecionador.domain.events import Event
from colecionador.domain.ports import Telemetry


class FanOut:
    """Tells every backend of each event, in order, on the caller's thread.

    A backend that raises is passed over for that event; its first exception of each type is
    logged with its traceback, the rest are not. Backends do no I/O that can wait, so neither does
    this.
    """

    def __init__(self, backends: Sequence[Telemetry]) -> None:
        self._backends = tuple(backends)
        self._reported: set[tuple[type, type]] = set()

    def emit(self, event: Event) -> None:
        """Tell every backend of one event."""
        for backend in self._backends:
            try:
                backend.emit(event)
            except Exception as error:  # noqa: BLE001 - whatever it is, the item goes on
                self._report(backend, event, error)

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
