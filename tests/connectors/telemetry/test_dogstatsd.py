"""The metrics as a Datadog agent receives them: lines in datagrams, with unified tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.events import Event, Released, UploadFailed
from colecionador.domain.failures import ErrorType, Failure
from connectors.telemetry.dogstatsd import (
    DATAGRAM_BYTES,
    DogStatsdTelemetry,
    datagrams,
    unified_tags,
)
from connectors.telemetry.metrics import METRICS, TELEMETRY_LOST
from tests.connectors.telemetry.lost import LostCount
from tests.connectors.telemetry.samples import (
    DELIVERED_AT,
    DELIVERY,
    ITEM,
    ONE_OF_EACH,
    WORKER,
    success,
)
from tests.fix_listener import UdpListener, udp_listener

LINE = re.compile(r"(?P<name>\w+):(?P<value>-?[\d.e+-]+)\|(?P<kind>c|g|h|ms)\|#(?P<tags>\S+)")


@contextmanager
def sent(*events: Event) -> Iterator[UdpListener]:
    with udp_listener() as listener:
        telemetry = DogStatsdTelemetry(
            listener.address, ("moedas",), LostCount(), now=lambda: DELIVERED_AT + 1.5
        )
        for event in events:
            telemetry.emit(event)
        telemetry.close(20)
        yield listener


def lines_of(*events: Event) -> list[re.Match[str]]:
    with sent(*events) as listener:
        lines = listener.lines("augment")
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches), lines
    return [match for match in matches if match]


def of(lines: Sequence[re.Match[str]], name: str) -> list[tuple[float, str, set[str]]]:
    """Value, kind and own tags of the lines of a metric."""
    common = set(unified_tags())
    return [
        (float(line["value"]), line["kind"], set(line["tags"].split(",")) - common)
        for line in lines
        if line["name"] == name
    ]


def test_every_metric_of_the_process_is_sent_under_its_own_name() -> None:
    names = {line["name"] for line in lines_of(*ONE_OF_EACH)}
    # What is lost is lost on this way too: only the endpoint can say so.
    assert {metric.name for metric in METRICS} - {TELEMETRY_LOST.name} <= names


def test_the_names_of_old_are_there() -> None:
    failed = UploadFailed(ITEM, 101, WORKER, "blur", Failure(ErrorType.UPLOAD_FAILED, "no"))
    lines = lines_of(*ONE_OF_EACH, failed)
    assert of(lines, "augmentations_count") == [(1, "c", set())]
    assert of(lines, "uploads_failed_count") == [(1, "c", set())] * 2
    assert of(lines, "processing_time_ms") == [(1500, "ms", set())]


def test_labels_are_tags_and_every_line_has_the_unified_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DD_ENV", "prod,1")
    monkeypatch.setenv("DD_SERVICE", "augment")
    monkeypatch.setenv("DD_VERSION", "1.2.3")
    lines = lines_of(success())
    assert of(lines, "augment_items_total") == [(1, "c", {"outcome:success", "categoria:moedas"})]
    for line in lines:
        tags = line["tags"].split(",")
        assert {"env:prod_1", "service:augment", "version:1.2.3"} <= set(tags)


def test_gauges_are_sent_whole() -> None:
    lines = lines_of(ONE_OF_EACH[0], ONE_OF_EACH[0], Released(DELIVERY), success())
    assert [value for value, _, _ in of(lines, "augment_items_in_flight")] == [1, 2, 1, 0]


@given(st.lists(st.text("abc:|#,.é", min_size=1, max_size=300), max_size=60))
def test_lines_fill_datagrams_and_none_is_lost_or_cut(lines: list[str]) -> None:
    packed = list(datagrams(lines))
    assert b"\n".join(packed) == "\n".join(lines).encode()
    assert all(len(each) <= DATAGRAM_BYTES for each in packed)
    assert len(packed) <= 1 + 2 * sum(len(line.encode()) + 1 for line in lines) // DATAGRAM_BYTES


def test_an_agent_that_is_not_there_costs_nothing_and_is_not_noticed() -> None:
    with udp_listener() as gone:
        address = gone.address
    lost = LostCount()
    telemetry = DogStatsdTelemetry(address, (), lost)
    for _ in range(50):
        telemetry.emit(success())
    telemetry.close(20)
    assert not lost.counts


def test_lines_for_a_host_that_has_no_address_are_counted_as_lost() -> None:
    lost = LostCount()
    telemetry = DogStatsdTelemetry("no-such-host.invalid:8125", (), lost)
    telemetry.emit(success())
    telemetry.close(20)
    lost.wait_for("dogstatsd", 1)
