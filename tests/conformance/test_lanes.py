"""What every broker's lanes must do, held against memory and a real RabbitMQ alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from colecionador.domain.events import Delivered, Released, Settled
from connectors.memory.broker import MemoryBroker
from tests.conformance.lanes_edge import Edge, MemoryEdge, RabbitEdge
from tests.connectors.rabbitmq.bench import completion, dead_letter, retry
from tests.fix_broker import broker

__all__ = ["broker"]

OpenEdge = Callable[..., Edge]


@pytest.fixture(params=["memory", "rabbitmq"])
def make_edge(request: pytest.FixtureRequest) -> Iterator[OpenEdge]:
    """Makes lanes over a broker; a second call makes other lanes over the same broker."""
    made: list[Edge] = []
    in_memory = MemoryBroker()
    queues: dict[str, object] = {}

    def make(*, lanes: int = 1, prefetch: int = 4) -> Edge:
        if request.param == "memory":
            edge: Edge = MemoryEdge(in_memory, lanes, prefetch)
        else:
            real = request.getfixturevalue("broker")
            changes = {"lanes": lanes, "prefetch": prefetch, "exit_when_idle": 0.3, **queues}
            rabbit = RabbitEdge(real, changes)
            queues["queue"] = rabbit.settings.queue
            queues["completed_queue"] = rabbit.settings.completed_queue
            edge = rabbit
        made.append(edge)
        return edge

    yield make
    for edge in made:
        edge.close()
    for edge in made[-1:]:
        if isinstance(edge, RabbitEdge):
            edge.broker.remove(edge.settings)


def test_a_message_is_delivered_with_its_body_its_id_and_its_first_attempt(
    make_edge: OpenEdge,
) -> None:
    edge = make_edge()
    edge.publish(b"one")
    edge.open()
    (delivery,) = edge.take(1)
    assert (delivery.body, delivery.message_id, delivery.attempt) == (b"one", "one", 1)
    assert not delivery.redelivered
    assert delivery.id.lane == edge.lanes.names[0]
    assert [event.message_id for event in edge.telemetry.of(Delivered)] == ["one"]


def test_a_completion_goes_out_and_its_delivery_is_gone(make_edge: OpenEdge) -> None:
    edge = make_edge()
    edge.publish(b"one")
    edge.open()
    (delivery,) = edge.take(1)
    edge.settle_and_wait(completion(delivery, b"done"))
    edge.close()
    assert edge.completed() == [b"done"]
    assert edge.ready() == 0


def test_a_retry_comes_back_as_the_next_attempt(make_edge: OpenEdge) -> None:
    edge = make_edge()
    edge.publish(b"one")
    edge.open()
    (first,) = edge.take(1)
    edge.settle_and_wait(retry(first, 0.2))
    (second,) = edge.take(1)
    assert (second.body, second.message_id, second.attempt) == (b"one", "one", 2)
    assert not second.redelivered
    assert second.id != first.id


def test_a_dead_letter_keeps_its_body(make_edge: OpenEdge) -> None:
    edge = make_edge()
    edge.publish(b"\x00 not json \xff".replace(b"\x00", b"0").replace(b"\xff", b"f"))
    edge.open()
    (delivery,) = edge.take(1)
    edge.settle_and_wait(dead_letter(delivery))
    edge.close()
    assert edge.given_up() == [delivery.body]
    assert edge.ready() == 0


def test_a_lane_holds_no_more_than_its_prefetch(make_edge: OpenEdge) -> None:
    edge = make_edge(prefetch=2)
    edge.publish(b"one", b"two", b"three")
    edge.open()
    held = edge.take(2)
    assert edge.ready() == 1
    edge.settle_and_wait(completion(held[0]))
    assert [delivery.body for delivery in edge.take(1)] == [b"three"]


def test_what_a_closed_lane_held_comes_back_marked_as_redelivered(make_edge: OpenEdge) -> None:
    edge = make_edge()
    edge.publish(b"one", b"two")
    edge.open()
    first, second = edge.take(2)
    edge.settle_and_wait(completion(first))
    edge.close()
    assert [event.delivery for event in edge.telemetry.of(Released)] == [second.id]
    other = make_edge()
    other.open()
    (again,) = other.take(1)
    assert (again.body, again.redelivered) == (b"two", True)
    assert again.id != second.id


def test_a_stale_settlement_is_dropped_unpublished(make_edge: OpenEdge) -> None:
    edge = make_edge()
    edge.publish(b"one")
    edge.open()
    (stale,) = edge.take(1)
    edge.close()
    other = make_edge()
    other.open()
    (fresh,) = other.take(1)
    other.settle(completion(stale, b"stale"))
    other.settle_and_wait(completion(fresh, b"fresh"))
    assert other.completed() == [b"fresh"]


def test_settling_twice_publishes_once(make_edge: OpenEdge) -> None:
    edge = make_edge()
    edge.publish(b"one", b"two")
    edge.open()
    one, two = edge.take(2)
    edge.settle_and_wait(completion(one, b"one"))
    edge.settle(completion(one, b"one again"))
    edge.settle_and_wait(completion(two, b"two"))
    assert edge.completed() == [b"one", b"two"]
    assert len(edge.telemetry.of(Settled)) == 2


def test_a_paused_lane_takes_nothing_until_it_is_resumed(make_edge: OpenEdge) -> None:
    edge = make_edge()
    edge.lanes.pause()
    edge.publish(b"one")
    lane = edge.open()
    assert list(lane.take()) == []
    assert edge.ready() == 1
    edge.lanes.resume()
    assert [delivery.body for delivery in edge.take(1)] == [b"one"]


def test_a_draining_lane_finishes_what_it_holds_and_takes_no_more(make_edge: OpenEdge) -> None:
    edge = make_edge(prefetch=1)
    edge.publish(b"one", b"two")
    lane = edge.open()
    (held,) = edge.take(1)
    edge.lanes.drain()
    assert edge.lanes.draining
    assert not lane.ended
    edge.settle_and_wait(completion(held))
    edge.await_ended()
    edge.close()
    assert edge.ready() == 1


def test_lanes_end_when_there_is_no_more_work_and_not_before(make_edge: OpenEdge) -> None:
    edge = make_edge(lanes=2)
    edge.publish(b"one")
    edge.open()
    (delivery,) = edge.take(1)
    assert not edge.opened[delivery.id.lane].ended
    edge.settle_and_wait(completion(delivery))
    edge.await_ended()


def test_a_message_in_a_wait_room_is_work(make_edge: OpenEdge) -> None:
    edge = make_edge(lanes=2)
    edge.publish(b"one")
    edge.open()
    (first,) = edge.take(1)
    edge.settle_and_wait(retry(first, 0.2))
    (second,) = edge.take(1)
    edge.settle_and_wait(completion(second))
    edge.await_ended()


def test_the_names_of_the_lanes_are_sorted_and_the_same_everywhere(make_edge: OpenEdge) -> None:
    names = list(make_edge(lanes=12).lanes.names)
    assert len(names) == 12
    assert names == sorted(names) == list(make_edge(lanes=12).lanes.names)
