"""Field tables, properties and outgoing messages as pure functions: properties for all inputs."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import DeliveryId
from connectors.rabbitmq.backoff import LIMIT_SECONDS, backoff_seconds
from connectors.rabbitmq.field_table import (
    Field,
    integer_field,
    join_table,
    read_integer,
    read_text,
    split_table,
    text_field,
)
from connectors.rabbitmq.headers import attempt_of
from connectors.rabbitmq.inbound import Original, receive
from connectors.rabbitmq.outgoing import ERROR_LIMIT_BYTES, outgoing_message
from connectors.rabbitmq.properties import (
    Properties,
    decode_properties,
    encode_properties,
    fit_properties,
)
from tests.connectors.rabbitmq.bench import FAILURE, dead_letter, retry
from tests.fix_broker import Broker

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

short_strings = st.binary(max_size=255)
values = st.one_of(
    st.binary(max_size=300).map(lambda octets: b"S" + len(octets).to_bytes(4) + octets),
    st.binary(max_size=300).map(lambda octets: b"x" + len(octets).to_bytes(4) + octets),
    st.binary(min_size=8, max_size=8).map(lambda octets: b"T" + octets),
    st.binary(min_size=8, max_size=8).map(lambda octets: b"d" + octets),
    st.binary(min_size=4, max_size=4).map(lambda octets: b"I" + octets),
    st.just(b"V"),
    st.sampled_from([b"t\x00", b"t\x01"]),
)
headers = st.lists(st.builds(Field, short_strings, values), max_size=8).map(tuple)
octets = st.integers(0, 255)
some = {
    field.name: st.none() | short_strings
    for field in fields(Properties)
    if field.name not in {"headers", "delivery_mode", "priority", "timestamp"}
}
any_properties = st.builds(
    Properties,
    headers=st.none() | headers,
    delivery_mode=st.none() | octets,
    priority=st.none() | octets,
    timestamp=st.none() | st.integers(0, 2**64 - 1),
    **some,
)


@given(headers)
def test_a_table_taken_apart_and_put_together_is_the_same(table: tuple[Field, ...]) -> None:
    assert split_table(join_table(table)) == table


@given(any_properties)
def test_properties_encoded_and_decoded_are_the_same(properties: Properties) -> None:
    assert decode_properties(encode_properties(properties)) == properties


@given(st.binary(max_size=200))
def test_no_octets_bring_the_reader_of_properties_down(encoded: bytes) -> None:
    original = receive(DeliveryId("lane-000", 1, 1), False, decode_properties(encoded), b"", 0.0)
    assert original.delivery.attempt >= 1


@given(any_properties, st.data())
def test_properties_cut_short_are_read_as_far_as_they_go(
    properties: Properties, data: st.DataObject
) -> None:
    encoded = encode_properties(properties)
    cut = decode_properties(encoded[: data.draw(st.integers(0, len(encoded)))])
    for field in ("content_type", "content_encoding"):
        whole, found = getattr(properties, field), getattr(cut, field)
        assert found is None or whole is not None
        assert found is None or (whole or b"").startswith(found)


@given(any_properties, st.integers(200, 3000))
def test_fitted_properties_fit_or_have_no_header_left(properties: Properties, limit: int) -> None:
    fitted, given_up = fit_properties(properties, limit)
    assert len(encode_properties(fitted)) <= limit or not fitted.headers
    assert len(given_up) == len(properties.headers or ()) - len(fitted.headers or ())
    assert replace(fitted, headers=None) == replace(properties, headers=None)


@given(st.text(max_size=300))
def test_a_text_header_is_read_as_it_was_written(text: str) -> None:
    assert read_text(text_field("name", text)) == text


@given(st.integers(-(2**31), 2**31 - 1))
def test_an_integer_header_is_read_as_it_was_written(number: int) -> None:
    assert read_integer(integer_field("name", number)) == number


def _original(properties: Properties, body: bytes) -> Original:
    return receive(DeliveryId("lane-000", 1, 1), False, properties, body, NOW.timestamp())


@given(any_properties, st.binary(max_size=100), st.booleans())
def test_a_messages_identity_outlives_every_retry_and_dead_letter(
    broker: Broker, properties: Properties, body: bytes, dead: bool
) -> None:
    first = _original(properties, body)
    settlement = dead_letter(first.delivery) if dead else retry(first.delivery, 1.0)
    message = outgoing_message(settlement, first, broker.settings(), NOW)
    wire = decode_properties(encode_properties(message.properties))
    second = _original(wire, message.body)
    assert second.delivery.message_id == first.delivery.message_id
    assert second.delivery.body == body
    assert second.delivery.attempt == first.delivery.attempt + (0 if dead else 1)


@given(st.binary(max_size=20), st.none() | headers, st.booleans())
def test_an_identity_does_not_depend_on_what_the_broker_adds(
    body: bytes, original_headers: tuple[Field, ...] | None, first_added: bool
) -> None:
    counted = integer_field("x-delivery-count", 3)
    plain = _original(Properties(headers=original_headers), body)
    kept = original_headers or ()
    added = (counted, *kept) if first_added else (*kept, counted)
    again = _original(Properties(headers=added), body)
    assert again.delivery.message_id == plain.delivery.message_id


@given(st.text(max_size=3000))
def test_an_error_fits_a_header_whatever_it_says(broker: Broker, error: str) -> None:
    original = _original(Properties(), b"")
    letter = dead_letter(original.delivery, Failure(ErrorType.INTERNAL, error))
    header = outgoing_message(letter, original, broker.settings(), NOW).properties.header("x-error")
    assert header is not None
    text = read_text(header)
    assert text is not None
    assert len(text.encode()) <= ERROR_LIMIT_BYTES
    assert text == error or text.endswith("…")


def test_the_first_failure_is_remembered_unless_it_is_no_moment(broker: Broker) -> None:
    def noted(value: Any) -> str | None:
        properties = Properties(headers=(text_field("x-first-failed-at", value),))
        original = _original(properties, b"")
        message = outgoing_message(
            retry(original.delivery, 1.0, FAILURE), original, broker.settings(), NOW
        )
        header = message.properties.header("x-first-failed-at")
        return read_text(header) if header else None

    assert noted("2026-01-02T03:04:05.678Z") == "2026-01-02T03:04:05.678Z"
    assert noted("yesterday") == "2026-11-23T12:00:00.000Z"


@given(st.integers(1, 10_000))
def test_a_backoff_is_never_nothing_and_never_beyond_its_limit(tries: int) -> None:
    assert 0 < backoff_seconds(tries) <= LIMIT_SECONDS


def test_an_attempt_is_read_from_the_services_own_header_alone() -> None:
    death = Field(b"x-death", b"V")
    assert attempt_of(Properties(headers=(death, integer_field("x-attempt", 2)))) == 2
