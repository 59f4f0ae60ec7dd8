"""From a message that fails to a line in Slack, over a real Prometheus and a real Alertmanager.

On the way every expression of the dashboards and of the rules is seen to have data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox import Sandbox
from sandbox.install import ensure_monitoring
from tests.deploy.monitoring import dashboard_expressions, rule_expressions
from tests.fix_flow import Flow, Flows
from tests.fix_messages import Message, message, small_photograph
from tests.fix_monitoring import Alertmanager, Prometheus, ScrapedRabbitMQ, Slack, slack
from tests.fix_service import Service, new_service, wait_until
from tests.free_port import free_port

RATE_INTERVAL = "1m"
"""What Grafana would choose."""


@dataclass(frozen=True, slots=True)
class Monitored:
    """A service whose broker, with queues of the default names, tells Prometheus its metrics."""

    service: Service
    prometheus: Prometheus
    alertmanager: Alertmanager
    slack: Slack
    metrics_port: int


@pytest.fixture(scope="module")
def monitored(servers: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    """All of it runs, but for the flow."""
    ensure_monitoring(print)
    folder = tmp_path_factory.mktemp("monitored")
    metrics_port = free_port()
    rabbitmq = ScrapedRabbitMQ(folder / "rabbitmq")
    with slack() as webhook:
        alertmanager = Alertmanager(folder / "alertmanager", webhook.url)
        broker = rabbitmq.metrics_port
        targets = {"augment": metrics_port, "rabbitmq": broker, "rabbitmq-queues": broker}
        prometheus = Prometheus(
            folder / "prometheus", targets, f"{alertmanager.host}:{alertmanager.port}"
        )
        started = (rabbitmq, alertmanager, prometheus)
        try:
            for server in started:
                server.start()
            service = new_service(
                servers,
                amqp_url=rabbitmq.environment["AUGMENT_AMQP_URL"],
                queue="ImageAugmentations",
                completed_queue="ModelTraining",
            )
            yield Monitored(service, prometheus, alertmanager, webhook, metrics_port)
        finally:
            for server in started:
                server.close()


def test_a_dead_letter_reaches_slack_and_every_expression_has_data(
    monitored: Monitored, flows: Flows
) -> None:
    service, prometheus = monitored.service, monitored.prometheus
    flow = flows.start(service, metrics_port=monitored.metrics_port)
    # Seen at zero, a counter's first increase is one.
    wait_until(lambda: bool(prometheus.values("augment_dead_letters_total")), "nothing is scraped")
    _send_good_ones_a_damaged_one_and_one_that_is_missing(service, flow)
    alert = _told(monitored.slack, "Warning: AugmentDeadLetters")
    assert "*Dead letters: " in alert["text"]
    assert "docs/runbook.md#augmentdeadletters" in alert["text"]
    wait_until(lambda: _without_data(prometheus) == [], "an expression has no data")
    flow.stop()


def test_a_dead_letter_that_the_service_told_itself_is_not_told_again_by_prometheus(
    monitored: Monitored, flows: Flows
) -> None:
    service, alertmanager = monitored.service, monitored.alertmanager
    flow = flows.start(
        service,
        metrics_port=monitored.metrics_port,
        alertmanager_url=alertmanager.environment["AUGMENT_ALERTMANAGER_URL"],
    )
    service.send([Message("not-json", b"not JSON")])
    alert = _told(monitored.slack, "Warning: AugmentDeadLetter")
    assert "*Dead letter: invalid_message" in alert["text"]
    by_rule = {"alertname": "AugmentDeadLetters", "error_type": "invalid_message"}
    wait_until(
        lambda: alertmanager.states(**by_rule) == {"suppressed"}, "the rule's alert is not silenced"
    )
    flow.stop()


def _send_good_ones_a_damaged_one_and_one_that_is_missing(service: Service, flow: Flow) -> None:
    service.submit(range(1, 9))
    service.put(9, small_photograph()[:4000])
    service.send([message(9), message(10)])
    flow.wait_for("Item dead-lettered", count=2)
    flow.wait_for("Item processed", count=8)


def _told(webhook: Slack, title: str) -> dict[str, str]:
    """What came to Slack under this title, as soon as it did."""

    def told() -> list[dict[str, str]]:
        return [each for each in webhook.attachments() if each["title"] == title]

    wait_until(lambda: told() != [], f"no {title!r} came to Slack")
    return told()[0]


def _without_data(prometheus: Prometheus) -> list[str]:
    return [
        expression
        for expression in (*dashboard_expressions(), *rule_expressions())
        if all(
            math.isnan(value)
            for value in prometheus.values(expression.replace("$__rate_interval", RATE_INTERVAL))
        )
    ]
