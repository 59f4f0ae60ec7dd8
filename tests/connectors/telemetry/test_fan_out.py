"""One failing backend harms neither the others nor the item."""

import io
import json

import pytest
import structlog

from colecionador.domain.events import Event, Handled, Stage, StageTimed
from connectors.memory.telemetry import MemoryTelemetry
from connectors.telemetry.fan_out import FanOut

EVENT = StageTimed(Stage.DECODE, 0.1)


class Broken:
    """A backend that raises what it is given, in turn."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = iter(errors)

    def emit(self, _event: Event) -> None:
        raise next(self._errors)


def test_every_backend_is_told_even_behind_one_that_raises() -> None:
    before, after = MemoryTelemetry(), MemoryTelemetry()
    FanOut([before, Broken(ValueError("no")), after]).emit(EVENT)
    assert before.events == after.events == (EVENT,)


def test_a_backend_is_told_of_the_kinds_that_it_takes_alone() -> None:
    class Choosy(MemoryTelemetry):
        takes = frozenset({Handled})

    choosy, other = Choosy(), MemoryTelemetry()
    fan_out = FanOut([choosy, other])
    for event in (EVENT, Handled(0, 1), EVENT):
        fan_out.emit(event)
    assert choosy.events == (Handled(0, 1),)
    assert other.events == (EVENT, Handled(0, 1), EVENT)


def test_an_exception_is_logged_once_for_each_kind() -> None:
    lines = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(file=lines),
    )
    errors = [ValueError("first"), ValueError("second"), KeyError("third"), ValueError("fourth")]
    fan_out = FanOut([Broken(*errors)])
    for _ in errors:
        fan_out.emit(EVENT)
    structlog.reset_defaults()
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["exception"].splitlines()[-1] for line in logged] == [
        "ValueError: first",
        "KeyError: 'third'",
    ]
    assert {line["backend"] for line in logged} == {"Broken"}


def test_a_log_that_cannot_be_written_is_no_reason_to_raise() -> None:
    closed = io.StringIO()
    closed.close()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=closed))
    told = MemoryTelemetry()
    FanOut([Broken(ValueError("no")), told]).emit(EVENT)
    structlog.reset_defaults()
    assert told.events == (EVENT,)


def test_waiting_for_an_event_that_never_comes_says_what_was_missing() -> None:
    telemetry = MemoryTelemetry()
    telemetry.emit(EVENT)
    assert telemetry.wait_for(StageTimed) == (EVENT,)
    with pytest.raises(TimeoutError, match="1 of 2 StageTimed"):
        telemetry.wait_for(StageTimed, 2, timeout_seconds=0.01)
