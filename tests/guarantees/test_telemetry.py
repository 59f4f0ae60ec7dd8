"""What a process tells the world: all of it, on every way there is, and no secret on any."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pika import BasicProperties

from colecionador.domain.tracing import parse_traceparent
from tests.fix_flow import Flow, Flows
from tests.fix_listener import HttpListener, Manner, UdpListener, http_listener, udp_listener
from tests.fix_messages import Message, message, small_photograph
from tests.fix_service import Service, wait_until
from tests.free_port import free_port

TRACE_ID, PRODUCER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STAGES = {
    *("download", "decode", "quality", "transform", "encode", "validate", "upload"),
    *("commit", "publish"),
}
PLANTED = ("planted-password", "planted-field", "Planted Categoria", "planted-text")
PHOTOGRAPH = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class World:
    """Two listeners for all that is told, and the settings that make the service tell it."""

    http: HttpListener
    udp: UdpListener

    @property
    def settings(self) -> dict[str, object]:
        host = f"127.0.0.1:{self.http.port}"
        return {
            "sentry_dsn": f"http://key@{host}/42",
            "alertmanager_url": f"http://user:planted-password@{host}",
            "dogstatsd_address": self.udp.address,
        }

    def bodies(self, path: str) -> list[bytes]:
        return [each.body for each in self.http.received.all if each.path.startswith(path)]

    def spans(self) -> list[Span]:
        return [
            span
            for body in self.bodies("/v1/traces")
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch, manner: Manner) -> Iterator[World]:
    with http_listener(manner) as http, udp_listener() as udp:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", http.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield World(http, udp)


def send_a_mixture(service: Service) -> list[Message]:
    """Six that succeed, in the producer's trace; a damaged one; two that are refused."""
    for item_id in range(1, 7):
        service.put(item_id)
    service.put(7, small_photograph()[:4000])
    sent = [message(item_id, segredo="planted-field") for item_id in range(1, 8)]
    sent.append(message(8, categoria="Planted Categoria"))
    sent.append(Message("not-json", b"planted-text, not JSON"))
    headers = {"traceparent": f"00-{TRACE_ID}-{PRODUCER}-01"}
    with service.channel() as channel:
        channel.confirm_delivery()
        for each in sent:
            properties = BasicProperties(message_id=each.message_id, headers=headers)
            channel.basic_publish("", service.queue, each.body, properties)
    return sent


def wait_until_settled(processes: Sequence[Flow], count: int) -> None:
    final = ("Item processed", "Item dead-lettered")
    wait_until(
        lambda: sum(len(flow.found(event)) for flow in processes for event in final) == count,
        "not everything was settled",
    )


def ask(port: int, path: str) -> tuple[int, bytes, float]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    started = time.perf_counter()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(), time.perf_counter() - started
    finally:
        connection.close()


def test_every_backend_of_every_process_is_told_and_no_secret_with_it(
    service: Service, flows: Flows, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with listening(monkeypatch, Manner.WELL) as world:
        sent = send_a_mixture(service)
        settings = world.settings | {"metrics_port": port, "log_level": "DEBUG"}
        processes = flows.start_cluster(service, 2, **settings)
        wait_until_settled(processes, len(sent))
        scrapes = [ask(port + index, "/metrics")[1] for index in range(2)]
        health = [ask(port + index, path) for index in range(2) for path in ("/healthz", "/readyz")]
        processes[0].terminate()
        assert [flow.exit_code() for flow in processes] == [0, 0]
        lines = world.udp.lines("augment_items_total")
        spans = world.spans()

        assert [status for status, _, _ in health] == [200] * 4, health
        assert all(b"bytewax_item_inp_count_total{" in each for each in scrapes)
        assert sum(counted(each, 'outcome="success"') for each in scrapes) == 6
        assert sum(counted(each, 'outcome="dead_lettered"') for each in scrapes) == 3
        assert sum("augmentations_count" in line for line in lines) == 6
        reports = world.bodies("/api/42/envelope/")
        assert sum(b"Item dead-lettered" in report for report in reports) == 3
        kinds = {
            alert["labels"]["error_type"]
            for body in world.bodies("/api/v2/alerts")
            for alert in json.loads(body)
        }
        assert kinds == {"corrupt_image", "invalid_message"}
        check_traces(service, spans)

        output = [line.encode() for flow in processes for line in flow.output]
        told = [each.body for each in world.http.received.all]
        everything = [*output, *scrapes, *told, *world.udp.datagrams, *(b for _, b, _ in health)]
        secrets = (*PLANTED, service.environment["AUGMENT_S3_SECRET_KEY"])
        for secret in secrets:
            assert not [each for each in everything if secret.encode() in each], secret
        assert not [each for each in told if PHOTOGRAPH in each]


def check_traces(service: Service, spans: Sequence[Span]) -> None:
    """A span for each delivery in the producer's trace, its stages below it, wherever they ran."""
    assert {span.trace_id.hex() for span in spans} == {TRACE_ID}
    items = {span.span_id.hex() for span in spans if span.parent_span_id.hex() == PRODUCER}
    assert len(items) == 9
    passed_on = set()
    for completion in service.completions():
        parent = parse_traceparent(completion.headers["traceparent"])
        assert parent is not None
        passed_on.add(parent.span_id)
        below = {span.name for span in spans if span.parent_span_id.hex() == parent.span_id}
        assert below == STAGES
    assert len(passed_on) == 6
    assert passed_on < items


def counted(scrape: bytes, label: str) -> int:
    lines = scrape.decode().splitlines()
    found = (line for line in lines if line.startswith("augment_items_total{") and label in line)
    return sum(int(float(line.rpartition(" ")[2])) for line in found)


def test_a_process_whose_backends_never_answer_ends_as_soon_as_any_other(
    service: Service, flows: Flows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(monkeypatch, Manner.NEVER) as world:
        sent = send_a_mixture(service)
        flow = flows.drain(service, **world.settings)
        wait_until_settled([flow], len(sent))
        assert len(world.bodies("/api/42/envelope/")) >= 1


def test_the_endpoints_answer_while_the_broker_does_not_and_say_so(
    service: Service, flows: Flows
) -> None:
    port = free_port()
    address = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    flow = flows.start(service, metrics_port=port, amqp_url=address)
    flow.wait_for("Dependency down", dependency="rabbitmq")
    assert ask(port, "/healthz")[0] == 200
    status, body, _ = ask(port, "/readyz")
    assert status == 503
    assert json.loads(body)["dependencies"]["rabbitmq"] == "down"
    flow.terminate()
    assert flow.exit_code() == 0
