"""The image's health check, against a real endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from colecionador.domain.settings import Settings
from connectors.lanes.signals import Peers
from connectors.memory.telemetry import MemoryTelemetry
from connectors.telemetry.endpoint import open_endpoint
from deploy.healthcheck import DEFAULT_PORT, PATH
from flows.health import healthz_route
from tests.deploy.repository import ROOT
from tests.free_port import free_port


def check(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "deploy/healthcheck.py")],
        env=os.environ | {"AUGMENT_METRICS_PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def process(broker_silence: float) -> Iterator[int]:
    """The port of a process whose broker thread has been silent for so long."""
    routes = {PATH: healthz_route(Peers(()), lambda: broker_silence)}
    endpoint = open_endpoint(routes, free_port(), 0, MemoryTelemetry())
    assert endpoint is not None
    try:
        yield endpoint.port
    finally:
        endpoint.close()


def test_a_process_that_moves_is_healthy() -> None:
    with process(broker_silence=0.1) as port:
        checked = check(port)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_process_that_stands_still_is_not_and_the_check_says_what_does_not_move() -> None:
    with process(broker_silence=300.0) as port:
        checked = check(port)
    assert checked.returncode == 1
    assert f"HTTP 503 on port {port}" in checked.stdout
    assert '"broker_thread_silent_seconds":300.0' in checked.stdout


def test_a_process_that_does_not_answer_is_not_and_the_check_says_so() -> None:
    port = free_port()
    checked = check(port)
    assert checked.returncode == 1
    assert f"no answer on port {port}" in checked.stdout


def test_a_process_whose_endpoint_is_off_is_healthy_while_it_runs() -> None:
    assert check(0).returncode == 0


def test_it_asks_on_the_port_that_is_the_settings_default() -> None:
    assert int(DEFAULT_PORT) == Settings.model_fields["metrics_port"].default
