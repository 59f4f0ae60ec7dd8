"""The source: a partition for each lane, with what the lane has to tell the others."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from colecionador.domain.messages import Delivery
from colecionador.domain.ports import Lane, Lanes
from connectors.lanes.poll import Poll
from connectors.lanes.signals import PULSE_SECONDS, Drain, Peers, Pulse, Signal

SHORTEST_POLL_US = 2000
LONGEST_POLL_US = 8000
"""How soon after its arrival a delivery is seen, since Bytewax has no waker. Each look that finds
nothing doubles the time until the next."""

Arrival = Delivery | Signal


class LaneSource(FixedPartitionedSource[Arrival, None]):
    """The work queue, consumed by lanes.

    A partition has no state to resume from: the broker itself is the checkpoint, since a delivery
    stays unacknowledged until its effect is durable and its outcome published.
    """

    def __init__(self, lanes: Lanes, peers: Peers) -> None:
        self._lanes = lanes
        self._peers = peers

    def list_parts(self) -> list[str]:
        """The lanes of the whole cluster."""
        return list(self._lanes.names)

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> LanePartition:
        """Open one lane on the worker that Bytewax chose for it."""
        self._peers.adopt(for_part)
        return LanePartition(self._lanes, for_part)


class LanePartition(StatefulSourcePartition[Arrival, None]):
    """One lane's deliveries, until it has drained or found no more work."""

    def __init__(self, lanes: Lanes, name: str) -> None:
        self._lanes = lanes
        self._name = name
        self._lane: Lane = lanes.open(name)
        self._next_pulse = time.monotonic()
        self._released_said = self._lane.released
        self._drain_said = False
        self._end_said = False
        self._poll = Poll(SHORTEST_POLL_US, LONGEST_POLL_US)

    def next_batch(self) -> Iterable[Arrival]:
        """What has arrived since the last call; ends when nothing of the lane is unsettled."""
        if self._lanes.draining and not self._drain_said:
            self._drain_said = True
            return [Drain(name) for name in self._lanes.names]
        if time.monotonic() >= self._next_pulse or self._lane.released != self._released_said:
            self._next_pulse = time.monotonic() + PULSE_SECONDS
            return self._pulses(ended=False)
        deliveries = self._lane.take()
        self._poll.note(found=bool(deliveries))
        if deliveries or not self._lane.ended:
            return deliveries
        if self._end_said:
            raise StopIteration
        self._end_said = True
        return self._pulses(ended=True)

    def next_awake(self) -> datetime:
        """When to look again."""
        return self._poll.next_look()

    def snapshot(self) -> None:
        """No state."""

    def close(self) -> None:
        """Close the lane's channel."""
        self._lane.close()

    def _pulses(self, *, ended: bool) -> list[Arrival]:
        self._released_said = released = self._lane.released
        return [Pulse(name, self._name, ended, released) for name in self._lanes.names]
