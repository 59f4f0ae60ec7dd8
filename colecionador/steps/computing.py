"""Where images are computed: on threads of their own, and small ones on the thread they are on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from colecionador.steps.pools import Pool
from colecionador.steps.tasks import Hop

T = TypeVar("T")

SMALL_BYTES = 512 * 1024
"""Decoded, 175,000 pixels. A variation of up to so many computes for about half a millisecond, and
a change of thread under load costs as much. Whatever is larger keeps to `AUGMENT_CPU_THREADS`."""


@dataclass(frozen=True, slots=True)
class Computing:
    """The compute pool, and the transfer pool that a small image does not leave."""

    compute: Pool
    transfer: Pool

    def call(self, function: Callable[..., T], *arguments: object, small: bool) -> Hop[T]:
        """A hop that computes; of a small image it needs no other thread before its upload."""
        if small:
            return self.transfer.call(self.compute.call_here, function, *arguments)
        return self.compute.call(function, *arguments)
