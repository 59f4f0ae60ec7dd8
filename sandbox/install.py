"""The programs that no Python package brings: RabbitMQ, and for tests Prometheus, Alertmanager."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from sandbox.packages import Package, install
from sandbox.rabbitmq import find_server

# Erlang's package brings the last two along.
_RABBITMQ = Package("rabbitmq-server", "rabbitmq-server", ("epmd.service", "epmd.socket"))
_MONITORING = {
    "promtool": Package("prometheus", "prometheus"),
    "amtool": Package("prometheus-alertmanager", "prometheus-alertmanager"),
}
"""Each by the program that is there when it is."""


def ensure_rabbitmq(report: Callable[[str], None]) -> None:
    """Install RabbitMQ where it is missing and that is possible; `SandboxError` otherwise."""
    if find_server() is None:
        install([_RABBITMQ], report)


def ensure_monitoring(report: Callable[[str], None]) -> None:
    """Install Prometheus and Alertmanager where they are missing; `SandboxError` otherwise."""
    missing = [package for program, package in _MONITORING.items() if not shutil.which(program)]
    if missing:
        install(missing, report)
