"""Spans: one for each delivery, its stages below it, in the trace that the message came with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from colecionador.domain.events import Event, Settled, Stage, StageTimed, VariationStored
from colecionador.domain.tracing import SpanId, Trace, parse_traceparent
from connectors.telemetry.traces import ITEM_SPAN, TraceTelemetry
from tests.connectors.telemetry.samples import (
    DELIVERED_AT,
    ITEM,
    STORED,
    WORKER,
    dead_lettered,
    retried,
    success,
)

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
NOW = DELIVERED_AT + 2.0


class Tracing:
    """The backend, and the spans that it has exported."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.telemetry = TraceTelemetry(self._exporter, SimpleSpanProcessor, now=lambda: NOW)

    def spans(self, *events: Event) -> Sequence[ReadableSpan]:
        for event in events:
            self.telemetry.emit(event)
        return self._exporter.get_finished_spans()


@pytest.fixture
def tracing() -> Tracing:
    return Tracing()


def settled(event: Settled, trace: Trace | None) -> Settled:
    return replace(event, trace=trace)


def ids(span: ReadableSpan) -> tuple[str, str, str | None]:
    """Trace, span and parent, in hex."""
    assert span.context is not None
    parent = f"{span.parent.span_id:016x}" if span.parent else None
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}", parent


def test_a_delivery_is_a_span_in_the_trace_that_its_message_came_with(tracing: Tracing) -> None:
    trace = tracing.telemetry.start(PARENT)
    item, publish = tracing.spans(settled(success(), trace))
    assert item.name == ITEM_SPAN
    assert ids(item) == (trace.span.trace_id, trace.span.span_id, "b7ad6b7169203331")
    assert trace.span.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert (item.start_time, item.end_time) == (DELIVERED_AT * 1e9, NOW * 1e9)
    assert item.attributes is not None
    assert item.attributes["augment.item_id"] == 7
    assert item.attributes["augment.outcome"] == "success"
    assert item.status.is_unset
    assert (publish.name, ids(publish)[2]) == ("publish", trace.span.span_id)


def test_a_message_without_a_trace_begins_one(tracing: Tracing) -> None:
    first, second = tracing.telemetry.start(None), tracing.telemetry.start("nonsense")
    assert first.parent is second.parent is None
    assert first.span.trace_id != second.span.trace_id
    item, _ = tracing.spans(settled(success(), first))
    assert ids(item) == (first.span.trace_id, first.span.span_id, None)


def test_a_stage_is_a_span_below_its_item_even_where_that_span_is_another_processs() -> None:
    trace = Tracing().telemetry.start(PARENT)
    elsewhere = Tracing()
    item = replace(ITEM, trace=trace)
    stages = (
        StageTimed(Stage.DOWNLOAD, 0.25, item),
        StageTimed(Stage.DECODE, 0.5, item, ended_ago=1.0),
    )
    download, decode = elsewhere.spans(*stages)
    assert {ids(span)[::2] for span in (download, decode)} == {
        (trace.span.trace_id, trace.span.span_id)
    }
    assert (download.start_time, download.end_time) == ((NOW - 0.25) * 1e9, NOW * 1e9)
    assert (decode.start_time, decode.end_time) == ((NOW - 1.5) * 1e9, (NOW - 1.0) * 1e9)


def test_each_stage_of_a_variation_is_a_span_that_ends_where_the_next_begins(
    tracing: Tracing,
) -> None:
    item = replace(ITEM, trace=tracing.telemetry.start(PARENT))
    timed = replace(STORED, transform_ms=1000.0, encode_ms=2000.0, upload_ms=250.0)
    stored = VariationStored(item, 101, WORKER, timed, validate_ms=500.0)
    spans = sorted(tracing.spans(stored), key=lambda span: span.start_time or 0)
    assert [
        (span.name, ((span.end_time or 0) - (span.start_time or 0)) / 1e9) for span in spans
    ] == [
        ("transform", 1.0),
        ("encode", 2.0),
        ("validate", 0.5),
        ("upload", 0.25),
    ]
    ends = [span.end_time for span in spans]
    assert [span.start_time for span in spans[1:]] == ends[:-1]
    assert ends[-1] == NOW * 1e9
    assert {(span.attributes or {})["augment.variation"] for span in spans} == {"rotate_90"}


def test_a_failed_delivery_is_a_span_with_an_error_that_names_its_type_alone(
    tracing: Tracing,
) -> None:
    trace = tracing.telemetry.start(PARENT)
    items = [
        span
        for span in tracing.spans(settled(retried(), trace), settled(dead_lettered(), trace))
        if span.name == ITEM_SPAN
    ]
    assert [span.status.description for span in items] == ["source_missing", "corrupt_image"]
    outcomes = [(span.attributes or {})["augment.outcome"] for span in items]
    assert outcomes == ["retried", "dead_lettered"]


def test_what_the_producer_does_not_sample_is_not_recorded_and_stays_so(tracing: Tracing) -> None:
    trace = tracing.telemetry.start(UNSAMPLED)
    item = replace(ITEM, trace=trace)
    stage = StageTimed(Stage.DOWNLOAD, 0.25, item)
    assert tracing.spans(stage, settled(success(), trace)) == ()
    assert trace.span.traceparent.endswith("-00")


def test_the_standard_sampler_variable_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    telemetry = Tracing().telemetry
    assert not telemetry.start(None).span.sampled
    assert telemetry.start(PARENT).span.sampled


def test_without_a_trace_there_is_no_span(tracing: Tracing) -> None:
    assert tracing.spans(StageTimed(Stage.DECODE, 0.1, ITEM), success()) == ()


@given(trace=st.integers(1, 2**128 - 1), span=st.integers(1, 2**64 - 1), sampled=st.booleans())
def test_a_traceparent_is_read_as_it_is_written(trace: int, span: int, sampled: bool) -> None:
    named = SpanId(f"{trace:032x}", f"{span:016x}", sampled)
    assert parse_traceparent(named.traceparent) == named


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        PARENT.upper(),
        PARENT[:-1],
        f"{PARENT}-more",
        f"ff{PARENT[2:]}",
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
    ],
)
def test_what_is_no_traceparent_names_nothing(text: str | None) -> None:
    assert parse_traceparent(text) is None


def test_a_later_version_of_the_header_may_say_more() -> None:
    assert parse_traceparent(f"01{PARENT[2:]}-more") == parse_traceparent(PARENT)
