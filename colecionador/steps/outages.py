"""Waiting out an outage in place: the work pauses where it is and costs its message no attempt.

A failed call alone does not tell a dead server from one bad object. So evidence decides, in three
steps, each asked for only where the one before says that all is well:

1. the failure: only a kind that an outage could cause is looked into;
2. a probe, one cheap round trip on a fresh connection;
3. a trial of the operation on something that belongs to no message: a server whose disk is full,
   or that takes no writes, answers every probe.

While probe or trial fails too, everybody who asks waits, one prober knocks with growing intervals,
and the lanes take no more deliveries. When they succeed the call is made again; a call that was
made after them, and fails although they succeed once more, is the message's own failure.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from colecionador.domain.events import Dependency, DependencyChanged
from colecionador.domain.failures import Failure, Kind, internal_failure
from colecionador.domain.ports import Telemetry
from colecionador.steps.batching import Batcher
from colecionador.steps.stale import GivenUp
from colecionador.steps.tasks import Hop, Resume, after, run

T = TypeVar("T")

FIRST_PROBE_SECONDS = 0.2
LONGEST_PROBE_SECONDS = 2.0
"""With the three seconds that a probe may take, work goes on within five of a server's return."""
TRIES = 2
"""Of a call: the first may have failed by an outage that was over before the probe came."""
DATABASE_TRIES = 3
"""Of a call to the database: what fails there is never one message's doing."""

_ASKING_AT_ONCE = 10_000

Probe = Callable[[], Failure | None]
"""Blocks for a round trip; None where the dependency did what it was asked to."""


def _is_wanted() -> bool:
    return True


class OutageWatch:
    """What is known of one dependency, and who waits for it to come back."""

    def __init__(
        self,
        dependency: Dependency,
        probe: Probe,
        telemetry: Telemetry,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called, from any thread, whenever `up` has changed."""
        self.up = False
        """Whether it has answered, and is in no outage since."""
        self._dependency = dependency
        self._probe = probe
        self._telemetry = telemetry
        self._changed = changed
        # Whoever asks while a probe is under way shares the next one.
        self._asking: Batcher[Probe | None, Failure | None] = Batcher(
            f"probe-{dependency}", self._answer, limit=_ASKING_AT_ONCE, threads=1
        )
        self._waiting: list[Resume] = []
        self.is_out = False
        """Whether there is an outage: somebody knocks, and everybody else waits."""
        self._lock = threading.Lock()

    async def call(
        self,
        attempt: Callable[[], Hop[T]],
        *,
        tries: int = TRIES,
        trial: Probe | None = None,
        is_wanted: Callable[[], bool] = _is_wanted,
        answer: T | None = None,
    ) -> T:
        """Make a call, again after each outage; its answer, or a failure that is its own.

        With an `answer` the call has been made once, outside of an outage (`is_out`).

        It is its own once the call has failed `tries` times although the dependency passed probe
        and `trial` right afterwards; never at the first time, which may have been a restart too
        short for a probe to see. Raises `GivenUp` instead of making a call that is not wanted any
        more.
        """
        while True:
            if answer is None:
                if self.is_out:
                    await self._end_of_outage()
                if not is_wanted():
                    raise GivenUp
                answer = await attempt()
            if not isinstance(answer, Failure) or answer.kind is not Kind.OUTAGE:
                return answer
            if not await self._was_down(trial):
                tries -= 1
                if tries <= 0:
                    return answer
                await after(FIRST_PROBE_SECONDS)
            answer = None

    async def ready(self) -> None:
        """Wait until the dependency has answered a probe, and say that it is up."""
        finding = await self._asking.submit(None)
        if finding is None:
            self._change(up=True)
        else:
            await self._outage(finding, None)

    async def _was_down(self, trial: Probe | None) -> bool:
        """False where the dependency serves; True once it serves again after an outage."""
        if not self.is_out:
            finding = await self._asking.submit(trial)
            if finding is None:
                return False
            await self._outage(finding, trial)
        else:
            await self._end_of_outage()
        return True

    def _outage(self, evidence: Failure, trial: Probe | None) -> Hop[None]:
        """A hop that ends with the outage of which this is the evidence."""

        def start(resume: Resume) -> None:
            with self._lock:
                self._waiting.append(resume)
                first, self.is_out = not self.is_out, True
            if first:
                self._change(up=False, reason=evidence.error)
                run(self._knock(trial))

        return Hop(start)

    def _end_of_outage(self) -> Hop[None]:
        """A hop that ends with the outage there is; at once where there is none."""

        def start(resume: Resume) -> None:
            with self._lock:
                if self.is_out:
                    self._waiting.append(resume)
                    return
            resume(None)

        return Hop(start)

    async def _knock(self, trial: Probe | None) -> None:
        interval = FIRST_PROBE_SECONDS
        while True:
            await after(interval * random.uniform(0.5, 1.0))  # noqa: S311 - jitter is no secret
            if await self._asking.submit(trial) is None:
                break
            interval = min(interval * 2, LONGEST_PROBE_SECONDS)
        self._change(up=True)
        self._resume_all()

    def _answer(self, trials: Sequence[Probe | None]) -> Sequence[Failure | None]:
        """One answer for all who ask: of the probe, and of one trial where somebody has one."""
        finding = _asked(self._probe)
        trial = next((each for each in trials if each is not None), None)
        if finding is None and trial is not None:
            finding = _asked(trial)
        return [finding] * len(trials)

    def _change(self, *, up: bool, reason: str = "") -> None:
        self.up = up
        self._telemetry.emit(DependencyChanged(self._dependency, up, reason))
        self._changed()

    def _resume_all(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self.is_out = False
        for resume in waiting:
            resume(None)


def _asked(probe: Probe) -> Failure | None:
    try:
        return probe()
    except Exception as error:  # noqa: BLE001 - a prober that dies would end all waiting
        return internal_failure(error)
