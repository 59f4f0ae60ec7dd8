"""A trace goes through the service in the header `traceparent`, whether spans are made or not."""

from __future__ import annotations

from colecionador.domain.events import Settled
from colecionador.domain.messages import Delivery
from colecionador.domain.tracing import SpanId, Trace, parse_traceparent
from connectors.rabbitmq.field_table import Field, text_field
from connectors.rabbitmq.queues import dead_letter_queue
from tests.connectors.rabbitmq.bench import LaneBench, completion, dead_letter, retry
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker, Letter

PRODUCER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OWN = SpanId("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", sampled=True)
GIVEN = (text_field("traceparent", PRODUCER), text_field("tracestate", "vendor=1"))


def start_trace(traceparent: str | None) -> Trace:
    """What a tracer would start."""
    return Trace(OWN, parse_traceparent(traceparent))


def delivered(bench: LaneBench, headers: tuple[Field, ...]) -> Delivery:
    bench.declare()
    bench.publish(b"job-1", headers=headers)
    bench.open()
    (delivery,) = bench.take(1)
    return delivery


def completed(bench: LaneBench, broker: Broker, headers: tuple[Field, ...]) -> Letter:
    bench.settle_and_wait(completion(delivered(bench, headers)))
    (letter,) = broker.take(bench.settings.completed_queue)
    return letter


def test_a_completion_names_the_items_span_as_the_parent_of_what_follows(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench(start_trace=start_trace)
    letter = completed(bench, broker, GIVEN)
    assert letter.header("traceparent") == OWN.traceparent.encode()
    assert letter.header("tracestate") == b"vendor=1"
    (settled,) = bench.telemetry.of(Settled)
    assert settled.trace == Trace(OWN, parse_traceparent(PRODUCER))


def test_without_spans_the_producers_own_trace_is_passed_on(
    open_bench: OpenBench, broker: Broker
) -> None:
    letter = completed(open_bench(), broker, GIVEN)
    assert letter.header("traceparent") == PRODUCER.encode()
    assert letter.header("tracestate") == b"vendor=1"


def test_a_header_that_is_no_traceparent_goes_no_further(
    open_bench: OpenBench, broker: Broker
) -> None:
    nonsense = (text_field("traceparent", "nonsense"), text_field("tracestate", "vendor=1"))
    letter = completed(open_bench(), broker, nonsense)
    assert letter.properties.headers is None


def test_another_attempt_keeps_the_producers_trace(open_bench: OpenBench, broker: Broker) -> None:
    bench = open_bench(start_trace=start_trace)
    bench.settle_and_wait(dead_letter(delivered(bench, GIVEN)))
    (letter,) = broker.take(dead_letter_queue(bench.settings.queue))
    assert letter.header("traceparent") == PRODUCER.encode()


def test_the_attempts_of_a_message_without_a_trace_are_one_trace(open_bench: OpenBench) -> None:
    bench = open_bench(start_trace=start_trace)
    bench.settle_and_wait(retry(delivered(bench, ()), 0.2))
    (again,) = bench.take(1)
    assert again.attempt == 2
    assert again.trace is not None
    assert again.trace.parent == OWN
