"""Waiting out an outage in place: the work pauses where it is and costs its message no attempt.

A failed call alone does not tell a dead server from one bad object. So evidence decides: after a
failure that an outage could cause, the dependency is probed. While the probe fails too, everybody
who asks waits, one prober knocks with growing intervals, and the lanes take no more deliveries.
When the probe succeeds the call is made again; a call that fails although its dependency answers
is the message's own failure.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from colecionador.domain.events import Dependency, DependencyChanged
from colecionador.domain.failures import Failure, Kind, internal_failure
from colecionador.domain.ports import Telemetry
from colecionador.steps.pools import Pool
from colecionador.steps.tasks import Hop, Resume, after, run

T = TypeVar("T")

FIRST_PROBE_SECONDS = 0.2
LONGEST_PROBE_SECONDS = 15.0
DATABASE_TRIES = 3
"""Of a call to the database: what fails there is never one message's doing."""


class OutageWatch:
    """What is known of one dependency, and who waits for it to come back."""

    def __init__(
        self,
        dependency: Dependency,
        probe: Callable[[], Failure | None],
        telemetry: Telemetry,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called, from any thread, whenever `down` has changed."""
        self.down = False
        self._dependency = dependency
        self._probe = probe
        self._telemetry = telemetry
        self._changed = changed
        self._pool = Pool(f"probe-{dependency}", 1)
        self._waiting: list[Resume] = []
        self._probing = False
        self._lock = threading.Lock()

    async def call(self, attempt: Callable[[], Hop[T]], tries: int = 1) -> T:
        """Make a call, again after each outage; its answer, or a failure that is its own.

        It is its own once the call has failed `tries` times although the dependency answered
        right afterwards: more than once where a failure says nothing of the message, such as a
        connection that was lost in a restart too short for a probe to see.
        """
        while True:
            answer = await attempt()
            if not isinstance(answer, Failure) or answer.kind is not Kind.OUTAGE:
                return answer
            if not await self._is_down(answer):
                tries -= 1
                if tries <= 0:
                    return answer
                await after(FIRST_PROBE_SECONDS)

    async def ready(self) -> None:
        """Wait until the dependency has answered a probe, and say that it is up."""
        finding = await self._pool.call(self._ask)
        if finding is None:
            self._telemetry.emit(DependencyChanged(self._dependency, up=True))
        else:
            await self._return(finding)

    async def _is_down(self, evidence: Failure) -> bool:
        """False where the dependency answers; True once it answers again after an outage."""
        if not self.down:
            finding = await self._pool.call(self._ask)
            if finding is None:
                return False
            evidence = finding
        await self._return(evidence)
        return True

    def _return(self, evidence: Failure) -> Hop[None]:
        def start(resume: Resume) -> None:
            with self._lock:
                self._waiting.append(resume)
                first, self._probing = not self._probing, True
            if first:
                self._change(down=True, reason=evidence.error)
                run(self._knock())

        return Hop(start)

    async def _knock(self) -> None:
        interval = FIRST_PROBE_SECONDS
        while True:
            await after(interval * random.uniform(0.5, 1.0))  # noqa: S311  # jitter is no secret
            if await self._pool.call(self._ask) is None:
                break
            interval = min(interval * 2, LONGEST_PROBE_SECONDS)
        self._change(down=False, reason="")
        self._resume_all()

    def _ask(self) -> Failure | None:
        try:
            return self._probe()
        except Exception as error:  # noqa: BLE001  # a prober that dies would end all waiting
            return internal_failure(error)

    def _change(self, *, down: bool, reason: str) -> None:
        self.down = down
        self._telemetry.emit(DependencyChanged(self._dependency, not down, reason))
        self._changed()

    def _resume_all(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._probing = False
        for resume in waiting:
            resume(None)
