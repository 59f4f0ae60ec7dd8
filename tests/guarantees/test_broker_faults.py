"""A broker that takes no publishes, closes channels, or loses the queue under its consumers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox import RabbitMQ, Sandbox
from tests.fix_faults import (
    Failpoints,
    check_that_nothing_was_lost_or_counted,
    finish,
    rabbitmqctl,
    wait_for_successes,
)
from tests.fix_flow import Flows
from tests.fix_messages import source_key
from tests.fix_s3_faults import faulty_s3
from tests.fix_service import Service, wait_until


@contextmanager
def memory_alarm(broker: RabbitMQ) -> Iterator[None]:
    """The broker says that it is short of memory."""
    rabbitmqctl(broker, "set_vm_memory_high_watermark", "0")
    try:
        yield
    finally:
        rabbitmqctl(broker, "set_vm_memory_high_watermark", "1.0")


def consumes(broker: RabbitMQ, service: Service) -> bool:
    """Whether the work queue has consumers; a queue's own count has those with unacked ones too."""
    return f"{service.queue}\t" in rabbitmqctl(broker, "list_consumers")


@contextmanager
def consumer_timeout(broker: RabbitMQ, milliseconds: int) -> Iterator[None]:
    """A consumer that holds a delivery for so long loses its channel."""
    change = 'application:set_env(rabbit, {}, {}), "set".'
    rabbitmqctl(broker, "eval", change.format("channel_tick_interval", 100))
    rabbitmqctl(broker, "eval", change.format("consumer_timeout", milliseconds))
    try:
        yield
    finally:
        rabbitmqctl(broker, "eval", change.format("consumer_timeout", 1_800_000))
        rabbitmqctl(broker, "eval", change.format("channel_tick_interval", 60_000))


@pytest.mark.parametrize(
    "alarm_seconds",
    [0.5, pytest.param(60, marks=(pytest.mark.long, pytest.mark.timeout(240)))],
)
def test_while_the_broker_is_short_of_memory_nothing_more_is_taken_and_then_all_is_published(
    servers: Sandbox,
    service: Service,
    flows: Flows,
    failpoints: Failpoints,
    alarm_seconds: float,
) -> None:
    # Slow enough that there is work left when the alarm is on: that is a command of seconds.
    failpoints.compute_for(0.25)
    sent = service.submit(range(1, 61))
    flow = flows.start(service, prefetch=2, lanes=2, log_level="DEBUG")
    flow.wait_for("Item processed")
    with memory_alarm(servers.rabbitmq):
        [down] = flow.wait_for("Dependency down", dependency="rabbitmq")
        assert "takes no publishes" in down["reason"]
        # What is in flight was taken before; a delivery more would only be held, and time out.
        wait_until(lambda: not consumes(servers.rabbitmq, service), "the lanes go on to consume")
        # How long the alarm lasts is what is tested.
        time.sleep(alarm_seconds)
        assert 0 < service.ready(service.queue) < len(sent)
    flow.wait_for("Item processed", len(sent))
    assert len(flow.found("Dependency down", dependency="rabbitmq")) == 1
    assert len(flow.found("Delivery received")) == len(sent)
    finish(service, flows, flow)
    check_that_nothing_was_lost_or_counted(service, sent)


def test_a_work_queue_that_is_deleted_comes_back_and_what_was_in_flight_is_done(
    service: Service, flows: Flows
) -> None:
    sent = service.submit(range(1, 5))
    with faulty_s3(service.environment["AUGMENT_S3_ENDPOINT"]) as faults:
        # In flight when the queue goes: the broker cancels their consumers.
        faults.silent.update(source_key(each) for each in range(1, 5))
        flow = flows.start(service, s3_endpoint=faults.endpoint, s3_timeout_seconds=8, lanes=1)
        wait_until(lambda: faults.silences == 4, "the sources were never asked for")
        with service.channel() as channel:
            channel.queue_delete(service.queue)
        flow.wait_for("Queue created", queue=service.queue)
        faults.silent.clear()
        faults.stop_silence()
        sent += service.submit(range(5, 13))
        wait_for_successes(service, flow, len(sent))
        finish(service, flows, flow)
    check_that_nothing_was_lost_or_counted(service, sent)


def test_a_channel_that_the_broker_closes_over_a_slow_delivery_costs_a_redelivery_and_no_more(
    servers: Sandbox, service: Service, flows: Flows
) -> None:
    with (
        faulty_s3(service.environment["AUGMENT_S3_ENDPOINT"]) as faults,
        consumer_timeout(servers.rabbitmq, 1000),
    ):
        faults.silent.add(source_key(3))
        sent = service.submit(range(1, 9))
        flow = flows.start(
            service, s3_endpoint=faults.endpoint, s3_timeout_seconds=30, lanes=1, log_level="DEBUG"
        )
        flow.wait_for("Lane channel closed")
        faults.silent.clear()
        wait_for_successes(service, flow, len(sent))
        faults.stop_silence()
        finish(service, flows, flow)
    check_that_nothing_was_lost_or_counted(service, sent)
