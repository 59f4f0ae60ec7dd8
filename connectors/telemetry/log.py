"""The log as a `Telemetry`: `log_lines` says what a line says, `log_output` how it leaves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import structlog

from colecionador.domain.events import Event
from connectors.telemetry.log_lines import DEBUG_EVENTS, LINE_EVENTS, line_of


class LogTelemetry:
    """Writes to the log that `configure_logging` set up, so it is made after that."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """`now` is in seconds since the epoch."""
        # Bound once: the lazy proxy of get_logger would assemble a logger for every line.
        self._log = structlog.get_logger().bind()
        debug: bool = self._log.is_enabled_for(logging.DEBUG)
        self.takes = LINE_EVENTS if debug else LINE_EVENTS - DEBUG_EVENTS
        """The kinds of event that may have a line at this level."""
        self._now = now

    def emit(self, event: Event) -> None:
        """Write the event's line, where it has one at this level."""
        if type(event) not in self.takes:
            return
        line = line_of(event, self._now)
        if line is not None:
            self._log.log(line.level, line.event, **line.fields)
