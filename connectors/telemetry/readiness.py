"""Are the dependencies up? By the last real round trip, and a new one where that is old.

A `Telemetry`: every call that the service makes of a dependency is evidence. What succeeded a
moment ago is up, what an outage was told of is down. Evidence grows old in seconds, and a failed
call makes it void, since it may be the call's own fault; then whoever asks waits for a probe.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from colecionador.domain.events import Dependency, DependencyCalled, DependencyChanged, Event

FRESH_SECONDS = 5.0
"""Evidence counts for so long: about the rate at which an orchestrator asks."""
PATIENCE_SECONDS = 2.0
"""A dependency that does not answer a probe for so long counts as down."""

Probe = Callable[[], object | None]
"""A round trip, blocking; None where the dependency answers."""


@dataclass(slots=True)
class _Evidence:
    probe: Probe
    up: bool | None = None
    at: float = 0.0
    probing: bool = False
    probes_ended: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)


class Readiness:
    """What is known of each dependency. Safe from several threads."""

    takes: frozenset[type] = frozenset({DependencyCalled, DependencyChanged})
    """The kinds of event that are evidence."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._evidence: dict[Dependency, _Evidence] = {}

    def watch(self, probes: Mapping[Dependency, Probe]) -> None:
        """These are the dependencies, and how to ask each of them."""
        self._evidence = {dependency: _Evidence(probe) for dependency, probe in probes.items()}

    def emit(self, event: Event) -> None:
        """Note what a call, or an outage, says of a dependency."""
        match event:
            case DependencyCalled(dependency=dependency, succeeded=succeeded):
                self._note(dependency, True if succeeded else None)
            case DependencyChanged(dependency=dependency, up=up):
                self._note(dependency, up)

    def dependencies(self) -> dict[Dependency, bool]:
        """Which are up, now; waits for the probes of those of which nothing fresh is known."""
        asked = {dependency: self._ask(evidence) for dependency, evidence in self._evidence.items()}
        deadline = self._monotonic() + PATIENCE_SECONDS
        return {dependency: answer(deadline) for dependency, answer in asked.items()}

    def _note(self, dependency: Dependency, up: bool | None) -> None:
        evidence = self._evidence.get(dependency)
        if evidence is not None:
            with evidence.changed:
                evidence.up, evidence.at = up, self._monotonic()

    def _ask(self, evidence: _Evidence) -> Callable[[float], bool]:
        """Start a probe where one is needed; returns what waits for the answer."""
        with evidence.changed:
            known = evidence.up
            if known is not None and self._monotonic() - evidence.at <= FRESH_SECONDS:
                return lambda _: known
            seen = evidence.probes_ended
            if not evidence.probing:
                evidence.probing = True
                threading.Thread(
                    target=self._probe, args=(evidence,), name="readiness", daemon=True
                ).start()

        def answer(deadline: float) -> bool:
            with evidence.changed:
                evidence.changed.wait_for(
                    lambda: evidence.probes_ended > seen, max(0.0, deadline - self._monotonic())
                )
                return evidence.probes_ended > seen and evidence.up is True

        return answer

    def _probe(self, evidence: _Evidence) -> None:
        try:
            up = evidence.probe() is None
        except Exception:  # noqa: BLE001 - a probe that raises has had no answer
            up = False
        with evidence.changed:
            evidence.up, evidence.at = up, self._monotonic()
            evidence.probing = False
            evidence.probes_ended += 1
            evidence.changed.notify_all()
