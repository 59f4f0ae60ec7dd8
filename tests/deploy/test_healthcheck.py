"""The image's health check, against a real metrics endpoint."""

from __future__ import annotations

import os
import subprocess
import sys

from prometheus_client import CollectorRegistry

from colecionador.domain.settings import Settings
from connectors.memory.telemetry import MemoryTelemetry
from connectors.telemetry.endpoint import open_endpoint
from deploy.healthcheck import DEFAULT_PORT
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


def test_a_process_that_answers_is_healthy() -> None:
    endpoint = open_endpoint(CollectorRegistry(), free_port(), 0, MemoryTelemetry())
    assert endpoint is not None
    try:
        checked = check(endpoint.port)
    finally:
        endpoint.close()
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_process_that_does_not_answer_is_not_and_the_check_says_so() -> None:
    port = free_port()
    checked = check(port)
    assert checked.returncode == 1
    assert f"no answer on port {port}" in checked.stdout


def test_a_process_whose_endpoint_is_off_is_healthy_while_it_runs() -> None:
    assert check(0).returncode == 0


def test_it_asks_on_the_port_that_is_the_settings_default() -> None:
    assert int(DEFAULT_PORT) == Settings.model_fields["metrics_port"].default
