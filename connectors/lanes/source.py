"""The source: a partition for each lane, and what it says when it starts to drain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from colecionador.domain.messages import Delivery
from colecionador.domain.ports import Lane, Lanes

POLL = timedelta(milliseconds=2)
"""Bytewax has no waker: how soon after its arrival a delivery is seen."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Said by a draining lane to every lane, so that all processes of a cluster drain together.

    One process alone would hang until its peers end.
    """

    lane: str
    """Whom it is said to."""


Arrival = Delivery | Drain


class LaneSource(FixedPartitionedSource[Arrival, None]):
    """The work queue, consumed by lanes.

    A partition has no state to resume from: the broker itself is the checkpoint, since a delivery
    stays unacknowledged until its effect is durable and its outcome published.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    def list_parts(self) -> list[str]:
        """The lanes of the whole cluster."""
        return list(self._lanes.names)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> LanePartition:
        """Open one lane on the worker that Bytewax chose for it."""
        return LanePartition(self._lanes, self._lanes.open(for_part))


class LanePartition(StatefulSourcePartition[Arrival, None]):
    """One lane's deliveries, until it has drained or found no more work."""

    def __init__(self, lanes: Lanes, lane: Lane) -> None:
        self._lanes = lanes
        self._lane = lane
        self._drain_said = False

    def next_batch(self) -> Iterable[Arrival]:
        """What has arrived since the last call; ends when nothing of the lane is unsettled."""
        if self._lanes.draining and not self._drain_said:
            self._drain_said = True
            return [Drain(name) for name in self._lanes.names]
        deliveries = self._lane.take()
        if not deliveries and self._lane.ended:
            raise StopIteration
        return deliveries

    def next_awake(self) -> datetime:
        """When to look again."""
        return datetime.now(UTC) + POLL

    def snapshot(self) -> None:
        """No state."""

    def close(self) -> None:
        """Close the lane's channel."""
        self._lane.close()
