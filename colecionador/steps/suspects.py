"""Suspects: deliveries that came back unacknowledged, each rendered alone in a child.

A message that kills or hangs its process comes back with all its neighbours, and nothing in the
broker's counts tells them apart: on RabbitMQ 3.10 one poisonous message among forty took fifteen
innocent ones to the dead letters with it. So evidence decides: when the child of a suspect dies or
hangs, this message did it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from colecionador.domain.failures import Failure, internal_failure
from colecionador.domain.plan import Variation
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import Header
from colecionador.imaging.intake import Judgement
from colecionador.imaging.rendering import Rendered
from colecionador.isolation.process import RenderProcess
from colecionador.isolation.requests import Answer, Decode, Forget, Inspect, Render
from colecionador.steps.budget import Lease, PixelBudget
from colecionador.steps.decode import Decoded
from colecionador.steps.pools import Pool
from colecionador.steps.tasks import Hop, Resume

MEBIBYTE = 1024 * 1024
MEMORY_FLOOR_BYTES = 512 * MEBIBYTE
MEMORY_PER_DECODED_BYTE = 6
"""A child's allowance: a variation holds the source, its result, and at most a few planes of
floating-point numbers beside them; what needs more than this is no ordinary photo."""


@dataclass(frozen=True, slots=True)
class SuspectLimits:
    """What one suspect may take."""

    max_pixels: int
    seconds: float
    """For everything: a suspect that takes longer hangs."""


class Suspects:
    """The rendering children of a process: a few, kept warm, each for one photo at a time."""

    def __init__(
        self, limits: SuspectLimits, compute: Pool, budget: PixelBudget, children: int
    ) -> None:
        self._limits = limits
        self._compute = compute
        self._budget = budget
        self._free = children
        self._idle: deque[RenderProcess] = deque()
        self._living: set[RenderProcess] = set()
        self._closed = False
        self._waiting: deque[Resume] = deque()
        self._lock = threading.Lock()

    async def decoder(self) -> SuspectDecoder:
        """A decoder with a child of its own, first come, first served."""
        await Hop(self._admit)
        try:
            child = await self._compute.call(self._child)
        except Exception:
            self._leave()
            raise
        return SuspectDecoder(self, child, self._limits, self._compute, self._budget)

    def give_back(self, child: RenderProcess) -> None:
        """Keep a child that has forgotten its photo for the next; a dead one is replaced."""
        with self._lock:
            if child.alive:
                self._idle.append(child)
            else:
                self._living.discard(child)
        self._leave()

    def close(self) -> None:
        """End all children, whatever they do."""
        with self._lock:
            self._closed = True
            living, self._living = self._living, set()
            self._idle.clear()
        for child in living:
            child.close()

    def _admit(self, resume: Resume) -> None:
        with self._lock:
            if self._free == 0:
                self._waiting.append(resume)
                return
            self._free -= 1
        resume(None)

    def _leave(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            resume = self._waiting.popleft()
        resume(None)

    def _child(self) -> RenderProcess:
        with self._lock:
            if self._idle:
                return self._idle.popleft()
        child = RenderProcess()
        with self._lock:
            self._living.add(child)
            closed = self._closed
        if closed:
            child.close()
        return child


class SuspectDecoder:
    """Decodes one source in a child; the pixels stay there."""

    def __init__(
        self,
        suspects: Suspects,
        child: RenderProcess,
        limits: SuspectLimits,
        compute: Pool,
        budget: PixelBudget,
    ) -> None:
        self._suspects = suspects
        self._child = child
        self._limits = limits
        self._compute = compute
        self._budget = budget

    async def decode(self, data: bytes, thresholds: Thresholds) -> Decoded | Failure:
        """The decoded source, once the pixel budget allows it; `poison` where the child dies."""
        deadline = time.monotonic() + self._limits.seconds
        inspect = Inspect(data, self._limits.max_pixels)
        header = await self._compute.call(self._child.ask, inspect, deadline)
        if not isinstance(header, Header):
            return self._failed(header)
        lease = await self._budget.take(header.decoded_bytes)
        allowed = MEMORY_FLOOR_BYTES + MEMORY_PER_DECODED_BYTE * header.decoded_bytes
        # The wait for the budget is not the suspect's doing.
        deadline = time.monotonic() + self._limits.seconds
        decode = Decode(thresholds, allowed)
        judgement = await self._compute.call(self._child.ask, decode, deadline)
        if not isinstance(judgement, Judgement):
            lease.release()
            return self._failed(judgement)
        return Decoded(judgement, SuspectPixels(self._suspects, self._child, lease, deadline))

    def abandon(self) -> None:
        """Give the child back unused."""
        self._suspects.give_back(self._child)

    def _failed(self, answer: Answer) -> Failure:
        self._suspects.give_back(self._child)
        return _failure(answer)


class SuspectPixels:
    """Pixels in a child, which renders one variation after the other."""

    __slots__ = ("_asking", "_child", "_deadline", "_lease", "_suspects")

    def __init__(
        self, suspects: Suspects, child: RenderProcess, lease: Lease, deadline: float
    ) -> None:
        self._suspects = suspects
        self._child = child
        self._lease = lease
        self._deadline = deadline
        self._asking = threading.Lock()

    def share(self, shares: int) -> None:
        """Keep the pixels for so many releases."""
        self._lease.share(shares)

    def render(
        self, variation: Variation, *, item_id: int, plan_version: str, jpeg_quality: int
    ) -> Rendered | Failure:
        """Make one variation in the child; `poison` where it dies, or has died before."""
        request = Render(variation, item_id, plan_version, jpeg_quality)
        with self._asking:
            answer = self._child.ask(request, self._deadline)
        return answer if isinstance(answer, Rendered) else _failure(answer)

    def release(self) -> None:
        """Give up one share; the last one empties the child and gives it back."""
        if self._lease.release():
            with self._asking:
                self._child.ask(Forget(), self._deadline)
            self._suspects.give_back(self._child)


def _failure(answer: Answer) -> Failure:
    if isinstance(answer, Failure):
        return answer
    return internal_failure(TypeError(f"the child answered {type(answer).__name__}"))
