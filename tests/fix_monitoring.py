"""A real Prometheus and a real Alertmanager with the configuration that is shipped, in a hurry.

Only addresses and intervals are not those of production: rules, receivers and templates are the
files of `deploy/`.
"""

from __future__ import annotations

import json
import os
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from signal import SIGKILL
from threading import Thread
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from sandbox import RabbitMQ, Server, ports
from sandbox.process import Launch
from tests.deploy.repository import ROOT, text

INTERVAL = "500ms"
HOST = "127.0.0.1"

Json = dict[str, Any]


class ScrapedRabbitMQ(RabbitMQ):
    """The sandbox's node with RabbitMQ's own metrics on `metrics_port`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._reserved.append(ports.reserve())
        self.metrics_port = self._reserved[-1].number

    def _prepare(self) -> None:
        super()._prepare()
        (self.directory / "enabled_plugins").write_text("[rabbitmq_prometheus].\n")
        options = (f"prometheus.tcp.ip = {HOST}", f"prometheus.tcp.port = {self.metrics_port}")
        with (self.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write("\n".join(options) + "\n")


class Prometheus(Server):
    """Prometheus over these targets, by their jobs; its alerts go to `alertmanager`."""

    name = "Prometheus"

    def __init__(self, directory: Path, targets: dict[str, int], alertmanager: str) -> None:
        super().__init__(directory)
        self._targets = targets
        self._alertmanager = alertmanager

    @property
    def environment(self) -> dict[str, str]:
        return {}

    def values(self, expression: str) -> list[float]:
        """What an expression has now, a number for each series."""
        answer = self._ask("query", query=expression)
        result = answer["data"]["result"]
        if answer["data"]["resultType"] == "scalar":
            return [float(result[1])]
        return [float(series["value"][1]) for series in result]

    def _ask(self, what: str, **parameters: str) -> Json:
        url = f"http://{self.host}:{self.port}/api/v1/{what}?{urlencode(parameters)}"
        with urlopen(url) as answer:
            return json.load(answer)  # type: ignore[no-any-return]

    def _prepare(self) -> None:
        configured = yaml.safe_load(text("deploy/prometheus/prometheus.yml"))
        configured["global"] = {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}
        configured["rule_files"] = [str(ROOT / "deploy/prometheus/rules/*.yml")]
        configured["alerting"]["alertmanagers"] = [
            {"static_configs": [{"targets": [self._alertmanager]}]}
        ]
        for job in configured["scrape_configs"]:
            job.pop("dns_sd_configs", None)
            job["static_configs"] = [{"targets": [f"{HOST}:{self._targets[job['job_name']]}"]}]
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(configured))

    def _command(self) -> Launch:
        command = (
            "prometheus",
            f"--config.file={self.directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address={self.host}:{self.port}",
        )
        return Launch(command, os.environ, self.directory, self.log, SIGKILL, self._holding)

    def _answers(self) -> bool:
        return _is_ready(self)


class Alertmanager(Server):
    """Alertmanager whose Slack messages go to `webhook` as soon as an alert is there."""

    name = "Alertmanager"

    def __init__(self, directory: Path, webhook: str) -> None:
        super().__init__(directory)
        self._webhook = webhook

    @property
    def environment(self) -> dict[str, str]:
        return {"AUGMENT_ALERTMANAGER_URL": f"http://{self.host}:{self.port}"}

    def states(self, **labels: str) -> set[str]:
        """`active` or `suppressed`: what the alerts with these labels are."""
        with urlopen(f"http://{self.host}:{self.port}/api/v2/alerts") as answer:
            alerts: list[Json] = json.load(answer)
        return {
            alert["status"]["state"]
            for alert in alerts
            if labels.items() <= alert["labels"].items()
        }

    def _prepare(self) -> None:
        secret = self.directory / "slack_webhook_url"
        secret.write_text(self._webhook)
        configured = yaml.safe_load(text("deploy/alertmanager/alertmanager.yml"))
        for route in (configured["route"], *configured["route"]["routes"]):
            route["group_wait"] = "0s"
        for slack in configured["receivers"][0]["slack_configs"]:
            slack["api_url_file"] = str(secret)
        (self.directory / "slack.tmpl").write_text(text("deploy/alertmanager/slack.tmpl"))
        (self.directory / "alertmanager.yml").write_text(yaml.safe_dump(configured))

    def _command(self) -> Launch:
        command = (
            "prometheus-alertmanager",
            f"--config.file={self.directory / 'alertmanager.yml'}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address={self.host}:{self.port}",
            "--cluster.listen-address=",
        )
        return Launch(command, os.environ, self.directory, self.log, SIGKILL, self._holding)

    def _answers(self) -> bool:
        return _is_ready(self)


class Slack:
    """A stub of Slack's incoming webhook, which keeps what it is told."""

    def __init__(self, url: str, messages: list[Json]) -> None:
        self.url = url
        self.messages = messages

    def attachments(self) -> list[Json]:
        """The attachments of every message so far."""
        return [each for message in list(self.messages) for each in message["attachments"]]


@contextmanager
def slack() -> Iterator[Slack]:
    """A stub webhook that listens on loopback."""
    messages: list[Json] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.append(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Webhook)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Slack(f"http://{HOST}:{server.server_address[1]}/services/T0/B0/secret", messages)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _is_ready(server: Server) -> bool:
    try:
        with urlopen(f"http://{server.host}:{server.port}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
