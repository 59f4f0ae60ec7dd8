"""A `Telemetry` that remembers, for tests: what was emitted, and when it has been."""

from __future__ import annotations

from threading import Condition
from typing import TypeVar

from colecionador.domain.events import Event

Kind = TypeVar("Kind")


class MemoryTelemetry:
    """Keeps every event in the order of emission; may be told from several threads."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._told = Condition()

    def emit(self, event: Event) -> None:
        """Remember one event, and wake whoever waits for it."""
        with self._told:
            self._events.append(event)
            self._told.notify_all()

    @property
    def events(self) -> tuple[Event, ...]:
        """All events so far."""
        with self._told:
            return tuple(self._events)

    def of(self, kind: type[Kind]) -> tuple[Kind, ...]:
        """The events of one kind so far."""
        return tuple(event for event in self.events if isinstance(event, kind))

    def wait_for(
        self, kind: type[Kind], count: int = 1, *, timeout_seconds: float = 30.0
    ) -> tuple[Kind, ...]:
        """The events of one kind, once there are `count`. Raises `TimeoutError`."""

        def enough() -> bool:
            return sum(isinstance(event, kind) for event in self._events) >= count

        with self._told:
            if not self._told.wait_for(enough, timeout_seconds):
                raise TimeoutError(f"{len(self.of(kind))} of {count} {kind.__name__} events")
        return self.of(kind)
