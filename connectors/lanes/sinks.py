"""The sinks: each settles on the lane that a delivery came from."""

from __future__ import annotations

from typing import TypeVar

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from colecionador.domain.ports import Lanes
from colecionador.domain.settlements import Settlement
from connectors.lanes.signals import Drain, Peers, Pulse, Signal

X = TypeVar("X")


class _LanePartitionedSink(FixedPartitionedSink[X, None]):
    """A sink with the source's partitions; the key of its stream is the lane's name."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._index = {name: index for index, name in enumerate(sorted(lanes.names))}

    def list_parts(self) -> list[str]:
        """The lanes of the whole cluster."""
        return list(self._lanes.names)

    def part_fn(self, item_key: str) -> int:
        """The lane itself: Bytewax indexes the sorted partitions with it."""
        return self._index[item_key]


class SettlementSink(_LanePartitionedSink[Settlement]):
    """Publishes what a settlement says, awaits the confirm, then acks; never blocks a worker."""

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[Settlement, None]:
        """One lane's settlements."""
        return _SettlementPartition(self._lanes, for_part)


class _SettlementPartition(StatefulSinkPartition[Settlement, None]):
    def __init__(self, lanes: Lanes, lane: str) -> None:
        self._lanes = lanes
        self._lane = lane

    def write_batch(self, values: list[Settlement]) -> None:
        self._lanes.settle(self._lane, values)

    def snapshot(self) -> None:
        """No state: the broker has it."""


class SignalSink(_LanePartitionedSink[Signal]):
    """Lets the process of the lane that a signal is for act on it."""

    def __init__(self, lanes: Lanes, peers: Peers) -> None:
        super().__init__(lanes)
        self._peers = peers

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[Signal, None]:
        """One lane's signals."""
        return _SignalPartition(self._lanes, self._peers)


class _SignalPartition(StatefulSinkPartition[Signal, None]):
    def __init__(self, lanes: Lanes, peers: Peers) -> None:
        self._lanes = lanes
        self._peers = peers

    def write_batch(self, values: list[Signal]) -> None:
        for signal in values:
            match signal:
                case Drain():
                    self._lanes.drain()
                case Pulse():
                    self._peers.hear(signal)

    def snapshot(self) -> None:
        """No state."""
