"""Where an item's work belongs in a trace, in the words of W3C Trace Context."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class SpanId:
    """One span of a trace as a `traceparent` names it: ids in hex, and whether it is recorded."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """The header that makes this span the parent of what follows."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


@dataclass(frozen=True, slots=True)
class Trace:
    """The span of one delivery of an item; the spans of its stages are its children."""

    span: SpanId
    parent: SpanId | None = None
    """The producer's span, where the message named one."""


StartTrace = Callable[[str | None], Trace | None]
"""Starts the span of a delivery that came with this `traceparent`; None where none is recorded."""


def no_trace(traceparent: str | None) -> None:
    """Traces are off."""


def parse_traceparent(text: str | None) -> SpanId | None:
    """The span that a `traceparent` names; None where it is missing or not a valid one."""
    match = _TRACEPARENT.fullmatch(text or "")
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    unknown = version == "ff" or (version == "00" and more)
    if unknown or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return SpanId(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))
