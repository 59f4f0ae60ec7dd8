"""A lane as Bytewax sees it: deliveries, pulses, a drain that is said before anything ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from colecionador.domain.messages import Delivery
from connectors.lanes import source as source_module
from connectors.lanes.signals import Drain, Peers, Pulse
from connectors.lanes.source import Arrival, LanePartition, LaneSource
from connectors.memory.broker import MemoryBroker
from connectors.memory.lanes import MemoryLanes
from connectors.memory.telemetry import MemoryTelemetry
from tests.connectors.rabbitmq.bench import completion

NAMES = ["lane-0", "lane-1"]


@pytest.fixture
def lanes() -> MemoryLanes:
    return MemoryLanes(MemoryBroker(), NAMES, 4, MemoryTelemetry())


@pytest.fixture
def partition(lanes: MemoryLanes) -> Iterator[LanePartition]:
    partition = LaneSource(lanes, Peers(NAMES)).build_part("source", "lane-0", None)
    yield partition
    partition.close()


def batches(partition: LanePartition) -> Iterator[list[Arrival]]:
    """All batches until the partition ends."""
    while True:
        try:
            yield list(partition.next_batch())
        except StopIteration:
            return


def test_a_lane_says_first_that_it_lives_and_last_that_it_has_ended(
    partition: LanePartition,
) -> None:
    first, last = list(batches(partition))
    assert first == [Pulse(name, "lane-0") for name in NAMES]
    assert last == [Pulse(name, "lane-0", ended=True) for name in NAMES]


def test_a_lane_that_has_work_does_not_end(lanes: MemoryLanes, partition: LanePartition) -> None:
    lanes.broker.publish(b"{}", message_id="m-1")
    partition.next_batch()
    (delivery,) = partition.next_batch()
    assert isinstance(delivery, Delivery)
    assert list(partition.next_batch()) == []
    lanes.settle("lane-0", [completion(delivery)])
    assert list(partition.next_batch()) == [Pulse(name, "lane-0", ended=True) for name in NAMES]


def test_a_drain_is_said_to_every_lane_before_the_lane_ends(
    lanes: MemoryLanes, partition: LanePartition
) -> None:
    lanes.drain()
    said = [signal for batch in batches(partition) for signal in batch]
    assert said[:2] == [Drain(name) for name in NAMES]
    assert said[-1] == Pulse("lane-1", "lane-0", ended=True)


def test_a_draining_lane_does_not_end_while_it_holds_a_delivery(
    lanes: MemoryLanes, partition: LanePartition
) -> None:
    lanes.broker.publish(b"{}", message_id="m-1")
    partition.next_batch()
    (delivery,) = partition.next_batch()
    assert isinstance(delivery, Delivery)
    lanes.drain()
    assert list(partition.next_batch()) == [Drain(name) for name in NAMES]
    assert list(partition.next_batch()) == []
    lanes.settle("lane-0", [completion(delivery)])
    assert [len(batch) for batch in batches(partition)] == [2]


def test_pulses_are_repeated(lanes: MemoryLanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "PULSE_SECONDS", 0.0)
    lanes.broker.publish(b"{}", message_id="m-1")
    partition = LaneSource(lanes, Peers(NAMES)).build_part("source", "lane-0", None)
    pulse = [Pulse(name, "lane-0") for name in NAMES]
    assert [list(partition.next_batch()) for _ in range(3)] == [pulse] * 3


def test_the_lane_that_was_heard_least_recently_is_the_silent_one() -> None:
    peers = Peers(NAMES)
    assert peers.silence() is None
    peers.expect()
    peers.hear(Pulse("lane-0", "lane-0"))
    silence = peers.silence()
    assert silence is not None
    assert silence[0] == "lane-1"
    assert silence[1] >= 0


def test_a_lane_that_has_ended_is_not_missed() -> None:
    peers = Peers(NAMES)
    peers.expect()
    for name in NAMES:
        peers.hear(Pulse("lane-0", name, ended=True))
        peers.hear(Pulse("lane-0", name))
    assert peers.silence() is None
