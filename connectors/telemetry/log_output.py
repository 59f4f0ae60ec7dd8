"""How log lines leave the process: JSON lines, or console lines on a terminal, on stderr.

Everything goes one way: structlog's own lines, those of libraries that use `logging` (pika,
urllib3, …) from WARNING on, and Python's warnings. A line is written before the call returns, so
that the last line before a crash is there to read.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from colecionador.domain.settings import Settings
from connectors.telemetry.secrets import secret_values, without_secrets


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Set up the log of this process, on `stream` or stderr; may be called again."""
    stream = stream if stream is not None else sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level]
    terminal = stream.isatty()
    console = settings.log_format == "console" or (settings.log_format is None and terminal)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hide(secret_values(settings)),
            structlog.dev.ConsoleRenderer(colors=terminal) if console else render_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        # LogTelemetry binds once; a cache would tie other loggers to a first configuration.
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        handlers=[StructlogHandler()], level=max(level, logging.WARNING), force=True
    )
    logging.captureWarnings(True)


def log_uncaught() -> None:
    """Log the exceptions that end a thread, or that nobody could be told of, with traceback."""

    def in_thread(caught: threading.ExceptHookArgs) -> None:
        name = caught.thread.name if caught.thread else ""
        error = caught.exc_value
        structlog.get_logger().error("Thread failed", thread=name, exc_info=error)

    def unraisable(caught: sys.UnraisableHookArgs) -> None:
        where = caught.err_msg or "Exception ignored"
        structlog.get_logger().error(
            "Exception ignored", where=where, object=repr(caught.object), exc_info=caught.exc_value
        )

    threading.excepthook = in_thread
    sys.unraisablehook = unraisable


def render_json(_logger: WrappedLogger, _method: str, fields: EventDict) -> str:
    """One line of JSON, `event`, `level` and `timestamp` first."""
    line = {
        "event": fields.pop("event", ""),
        "level": fields.pop("level", ""),
        "timestamp": fields.pop("timestamp", ""),
        **fields,
    }
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:
        # orjson takes neither lone surrogates nor integers past 64 bits.
        return json.dumps(line, default=str)


class StructlogHandler(logging.Handler):
    """Passes records of the standard library's `logging` on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as a line with its logger's name."""
        try:
            fields: dict[str, Any] = {"logger": record.name}
            if record.exc_info:
                fields["exc_info"] = record.exc_info
            structlog.get_logger().log(record.levelno, record.getMessage(), **fields)
        except Exception:  # noqa: BLE001 - logging's own rule: a handler never raises
            self.handleError(record)


def _hide(secrets: tuple[str, ...]) -> Processor:
    hide: Callable[[str], str] = without_secrets(secrets)

    def processor(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
        for name, value in fields.items():
            if isinstance(value, str):
                fields[name] = hide(value)
        return fields

    return processor
