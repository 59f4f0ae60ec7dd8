"""Traces: a span for each delivery of an item, and one for each of its stages, by OpenTelemetry.

Where they go is said by the standard `OTEL_*` variables. A delivery's span begins in the process
of its lane and its stages may run in another, so no span is held open anywhere: each is made when
it has ended, from the event that says so, and its parent is known by the ids that travel with the
item.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from colecionador.domain.events import Event, Settled, Stage, StageTimed, VariationStored
from colecionador.domain.settlements import Completion, DeadLetter, Outcome, Retry, Settlement
from colecionador.domain.tracing import SpanId, Trace, parse_traceparent
from connectors.telemetry.ending import Ending

ITEM_SPAN = "process image"
SCOPE = InstrumentationScope("augment")
NANOSECONDS = 1_000_000_000

Attributes = Mapping[str, str | int | float | bool]


class TraceTelemetry:
    """A `Telemetry` that makes spans, and starts the trace of each delivery."""

    def __init__(
        self,
        exporter: SpanExporter,
        processor: Callable[[SpanExporter], SpanProcessor] = BatchSpanProcessor,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` is in seconds since the epoch."""
        resource = Resource.create()
        if resource.attributes[SERVICE_NAME] == "unknown_service":
            resource = resource.merge(Resource({SERVICE_NAME: "colecionador-augmentations"}))
        self._resource = resource
        self._processor = processor(exporter)
        # Ended by `close`, in a time of ours: the provider's own way at the exit may take long.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(self._processor)
        self._ending = Ending(self._provider.shutdown)
        self._now = now

    def start(self, traceparent: str | None) -> Trace:
        """The span of a delivery that came with this `traceparent`, which may be missing."""
        parent = parse_traceparent(traceparent)
        trace_id = parent.trace_id if parent else secrets.token_hex(16)
        context = set_span_in_context(NonRecordingSpan(_context(parent))) if parent else None
        sampled = self._provider.sampler.should_sample(context, int(trace_id, 16), ITEM_SPAN)
        span = SpanId(
            trace_id, secrets.token_hex(8), sampled.decision is Decision.RECORD_AND_SAMPLE
        )
        return Trace(span, parent)

    def emit(self, event: Event) -> None:
        """Make the span that has ended with the event, if any."""
        match event:
            case StageTimed(item=item) if item is not None and item.trace is not None:
                if item.trace.span.sampled:
                    self._stage(event, item.trace, item.item_id)
            case VariationStored(item=item) if item.trace is not None:
                if item.trace.span.sampled:
                    self._variation(event, item.trace)
            case Settled(trace=trace) if trace is not None and trace.span.sampled:
                self._item(event, trace)

    def close(self, seconds: float) -> None:
        """Send what is waiting, for so long at most."""
        self._ending.begin()
        self._ending.wait(seconds)

    def _variation(self, event: VariationStored, trace: Trace) -> None:
        ended_ago = 0.0
        # The last one first: each had ended when the one after it began.
        for stage, seconds in reversed(event.stages()):
            timed = StageTimed(stage, seconds, ended_ago=ended_ago)
            self._stage(timed, trace, event.item.item_id, event.variation.name)
            ended_ago += seconds

    def _stage(
        self, event: StageTimed, trace: Trace, item_id: int, variation: str | None = None
    ) -> None:
        ended = self._now() - event.ended_ago
        attributes: dict[str, str | int | float | bool] = {"augment.item_id": item_id}
        if variation is not None:
            attributes["augment.variation"] = variation
        self._end(
            ReadableSpan(
                event.stage.value,
                _context(replace(trace.span, span_id=secrets.token_hex(8))),
                _context(trace.span),
                attributes=attributes,
                start_time=_nanoseconds(ended - event.seconds),
                end_time=_nanoseconds(ended),
                resource=self._resource,
                instrumentation_scope=SCOPE,
            )
        )

    def _item(self, event: Settled, trace: Trace) -> None:
        settlement = event.settlement
        status = Status()
        if not isinstance(settlement, Completion):
            status = Status(StatusCode.ERROR, settlement.failure.error_type.value)
        self._end(
            ReadableSpan(
                ITEM_SPAN,
                _context(trace.span),
                _context(trace.parent) if trace.parent else None,
                attributes=_attributes(settlement),
                kind=SpanKind.CONSUMER,
                status=status,
                start_time=_nanoseconds(settlement.subject.delivered_at),
                end_time=_nanoseconds(self._now()),
                resource=self._resource,
                instrumentation_scope=SCOPE,
            )
        )
        publish = StageTimed(Stage.PUBLISH, event.publish_seconds)
        self._stage(publish, trace, settlement.subject.item_id or 0)

    def _end(self, span: ReadableSpan) -> None:
        # Not by a tracer's start and end: of what those do for a span in between, at ten times
        # the price, one that was made when it had ended needs nothing.
        self._processor.on_end(span)


def _context(span: SpanId) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if span.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(span.trace_id, 16), int(span.span_id, 16), True, flags)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * NANOSECONDS)


def _attributes(settlement: Settlement) -> Attributes:
    subject = settlement.subject
    known = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.message.id": subject.message_id,
        "augment.item_id": subject.item_id,
        "augment.job_id": subject.job_id,
        "augment.attempt": subject.attempt,
        "augment.categoria": subject.categoria,
        "augment.lane": settlement.delivery.lane,
        "augment.worker": subject.worker,
        "augment.outcome": _outcome(settlement).value,
        "augment.error_type": None
        if isinstance(settlement, Completion)
        else settlement.failure.error_type.value,
    }
    return {name: value for name, value in known.items() if value is not None}


def _outcome(settlement: Settlement) -> Outcome:
    match settlement:
        case Completion():
            return settlement.outcome
        case Retry():
            return Outcome.RETRIED
        case DeadLetter():
            return Outcome.DEAD_LETTERED
