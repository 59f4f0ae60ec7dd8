"""The endpoint answers scrapes and never ends its process."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection

import pytest
from prometheus_client import CollectorRegistry, Counter

from colecionador.domain.events import Notice
from connectors.memory.telemetry import MemoryTelemetry
from connectors.telemetry.endpoint import Endpoint, metrics_route, open_endpoint
from tests.free_port import free_port


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def opened(
    stack: ExitStack, port: int, index: int = 0, telemetry: MemoryTelemetry | None = None
) -> Endpoint:
    registry = CollectorRegistry()
    Counter("seen_total", "Seen.", registry=registry).inc(3)
    endpoint = open_endpoint(
        {"/metrics": metrics_route(registry)}, port, index, telemetry or MemoryTelemetry()
    )
    assert endpoint is not None
    stack.callback(endpoint.close)
    return endpoint


def requested(port: int, method: str, path: str, accept: str = "") -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"Accept": accept})
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_a_process_of_a_cluster_listens_on_the_port_plus_its_index(stack: ExitStack) -> None:
    port = free_port()
    assert opened(stack, port - 1, index=1).port == port


def test_a_port_already_taken_is_a_warning_and_the_next_free_one(stack: ExitStack) -> None:
    telemetry = MemoryTelemetry()
    first = opened(stack, free_port())
    second = opened(stack, first.port, telemetry=telemetry)
    assert second.port > first.port
    assert telemetry.of(Notice) == (
        Notice("warning", "Metrics port taken", (("port", first.port), ("used", second.port))),
    )
    assert requested(second.port, "GET", "/metrics")[0] == 200


def test_a_port_taken_on_one_address_only_counts_as_taken(stack: ExitStack) -> None:
    other = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    taken = other.getsockname()[1]
    assert opened(stack, taken).port > taken


def test_port_zero_is_off() -> None:
    telemetry = MemoryTelemetry()
    assert open_endpoint({}, 0, 1, telemetry) is None
    assert telemetry.events == ()


def test_no_port_at_all_is_a_warning_and_never_an_end() -> None:
    telemetry = MemoryTelemetry()
    assert open_endpoint({}, 65535, 1, telemetry) is None
    (notice,) = telemetry.of(Notice)
    assert (notice.level, notice.event) == ("warning", "Metrics endpoint off")


def test_a_scraper_gets_the_format_that_it_asks_for(stack: ExitStack) -> None:
    port = opened(stack, free_port()).port
    status, content_type, body = requested(port, "GET", "/metrics?name=ignored")
    assert (status, content_type.partition(";")[0]) == (200, "text/plain")
    assert b"seen_total 3.0" in body
    openmetrics = "application/openmetrics-text; version=1.0.0"
    _, content_type, body = requested(port, "GET", "/metrics", openmetrics)
    assert content_type.startswith(openmetrics)
    assert body.endswith(b"# EOF\n")


def test_a_head_request_has_no_body_and_another_path_says_where_to_look(stack: ExitStack) -> None:
    port = opened(stack, free_port()).port
    assert requested(port, "HEAD", "/metrics")[::2] == (200, b"")
    status, _, body = requested(port, "GET", "/elsewhere")
    assert status == 404
    assert b"/metrics" in body


def test_a_client_that_never_speaks_keeps_nobody_waiting(stack: ExitStack) -> None:
    port = opened(stack, free_port()).port
    stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    assert requested(port, "GET", "/metrics")[0] == 200


def test_a_closed_endpoint_frees_its_port() -> None:
    port = free_port()
    for _ in range(2):
        endpoint = open_endpoint({}, port, 0, MemoryTelemetry())
        assert endpoint is not None
        endpoint.close()
        assert endpoint.port == port
