"""Messages whose properties make no sense: each is worked on like any other, and kept as it is."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from connectors.rabbitmq.field_table import Field, integer_field, text_field
from tests.connectors.rabbitmq.bench import completion, dead_letter, retry
from tests.connectors.rabbitmq.conftest import OpenBench
from tests.fix_broker import Broker


def _nested(depth: int) -> bytes:
    value = b"V"
    for _ in range(depth):
        content = b"\x01n" + value
        value = b"F" + struct.pack(">I", len(content)) + content
    return value


HEADERS = {
    "a timestamp past every calendar": Field(b"when", b"T" + b"\x7f" + b"\xff" * 7),
    "a fraction": Field(b"ratio", b"d" + struct.pack(">d", 0.75)),
    "a text that is not UTF-8": Field(b"text", b"S\x00\x00\x00\x02\xff\xfe"),
    "a name that is not UTF-8": Field(b"\xff\xfe", b"t\x01"),
    "binary": Field(b"octets", b"x\x00\x00\x00\x03\x00\x01\x02"),
    "a deep table": Field(b"deep", _nested(200)),
    "a decimal": Field(b"price", b"D\x02\x00\x00\x04\xd2"),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_an_odd_header_survives_a_retry_and_a_dead_letter(
    open_bench: OpenBench, broker: Broker, header: Field
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1", headers=(header,))
    bench.open()
    bench.settle_and_wait(*(retry(delivery, 0.2) for delivery in bench.take(1)))
    bench.settle_and_wait(*map(dead_letter, bench.take(1)))
    (letter,) = broker.take(bench.dead_letters)
    assert header in (letter.properties.headers or ())


IDS = {
    "not UTF-8": b"\xff\xfe\xfd",
    "a NUL": b"a\x00b",
    "long": b"x" * 255,
    "long and not ASCII": "é".encode() * 127,
}


@pytest.mark.parametrize("message_id", IDS.values(), ids=IDS.keys())
def test_an_odd_message_id_is_settled_and_correlated(
    open_bench: OpenBench, broker: Broker, message_id: bytes
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1", message_id=message_id)
    bench.open()
    (delivery,) = bench.take(1)
    assert "\x00" not in delivery.message_id
    bench.settle_and_wait(completion(delivery))
    (letter,) = broker.take(bench.settings.completed_queue)
    assert letter.properties.correlation_id == delivery.message_id.encode()


ATTEMPTS: dict[str, tuple[Field, int]] = {
    "a number": (integer_field("x-attempt", 3), 3),
    "a wide number": (Field(b"x-attempt", b"l" + struct.pack(">q", 2)), 2),
    "a text": (text_field("x-attempt", "3"), 1),
    "true": (Field(b"x-attempt", b"t\x01"), 1),
    "zero": (integer_field("x-attempt", 0), 1),
    "negative": (integer_field("x-attempt", -5), 1),
    "absurd": (Field(b"x-attempt", b"l" + struct.pack(">q", 2**62)), 1),
    "a fraction": (Field(b"x-attempt", b"d" + struct.pack(">d", 2.5)), 1),
}


@pytest.mark.parametrize(("header", "attempt"), ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_an_attempt_that_is_no_positive_number_is_the_first(
    open_bench: OpenBench, broker: Broker, header: Field, attempt: int
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1", headers=(header,))
    bench.open()
    (delivery,) = bench.take(1)
    assert delivery.attempt == attempt
    bench.settle_and_wait(dead_letter(delivery))
    (letter,) = broker.take(bench.dead_letters)
    attempts = [f for f in letter.properties.headers or () if f.name == b"x-attempt"]
    assert attempts == [integer_field("x-attempt", attempt)]


TIMESTAMPS: dict[str, tuple[int | None, bool]] = {
    "none": (None, False),
    "zero": (0, False),
    "in the past": (1_700_000_000, True),
    "in the far future": (2**63, True),
    "the largest": (2**64 - 1, True),
}


@pytest.mark.parametrize(("timestamp", "known"), TIMESTAMPS.values(), ids=TIMESTAMPS.keys())
def test_the_queue_latency_is_never_negative_whatever_the_producers_clock_says(
    open_bench: OpenBench, timestamp: int | None, known: bool
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"job-1", timestamp=timestamp)
    bench.open()
    (delivery,) = bench.take(1)
    assert (delivery.queue_ms is not None) is known
    assert delivery.queue_ms is None or delivery.queue_ms >= 0
    bench.settle_and_wait(completion(delivery))


def test_headers_too_large_for_another_header_are_given_up_largest_first(
    open_bench: OpenBench, broker: Broker
) -> None:
    bench = open_bench()
    bench.declare()
    large = Field(b"large", b"S" + struct.pack(">I", 129_000) + b"x" * 129_000)
    bench.publish(b"job-1", headers=(text_field("small", "kept"), large))
    bench.open()
    bench.settle_and_wait(*map(dead_letter, bench.take(1)))
    (letter,) = broker.take(bench.dead_letters)
    assert letter.body == b"job-1"
    assert letter.header("small") == b"kept"
    assert letter.header("large") is None
    assert dict(bench.await_notice("Headers given up").fields)["headers"] == "large"


ODD: dict[str, dict[str, Any]] = {
    "content type": {"content_type": b"\xff"},
    "reply to": {"reply_to": b"\x00" * 255},
    "type": {"type": b"\xfe\xfe"},
    "an empty body": {"correlation_id": b""},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_property_is_kept_on_a_dead_letter(
    open_bench: OpenBench, broker: Broker, odd: dict[str, Any]
) -> None:
    bench = open_bench()
    bench.declare()
    bench.publish(b"", message_id=b"id", **odd)
    bench.open()
    bench.settle_and_wait(*map(dead_letter, bench.take(1)))
    (letter,) = broker.take(bench.dead_letters)
    assert {name: getattr(letter.properties, name) for name in odd} == odd
