"""The systemd unit: taken by systemd, and true to the service."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from colecionador.domain.settings import Settings
from connectors.rabbitmq.session import CLOSE_SECONDS
from tests.deploy.dockerfile import read_dockerfile
from tests.deploy.repository import text

UNIT = "deploy/systemd/augment@.service"
PROGRAM = "/opt/augment/bin/python"


@pytest.fixture
def service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # or names lose their case
    parser.read_string(text(UNIT))
    return parser["Service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit_is_taken_by_systemd_without_a_word(tmp_path: Path) -> None:
    unit = tmp_path / Path(UNIT).name
    # It says so of a program that is not installed.
    unit.write_text(text(UNIT).replace(PROGRAM, sys.executable))
    command = ["systemd-analyze", "verify", str(unit)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_it_starts_what_the_image_starts(service: configparser.SectionProxy) -> None:
    program, *arguments = service["ExecStart"].split()
    assert program == PROGRAM
    assert ["python", *arguments] == read_dockerfile()[-1].the("CMD").exec_form


def test_it_has_time_to_drain_before_it_is_killed(service: configparser.SectionProxy) -> None:
    drain = Settings.model_fields["drain_seconds"].default
    assert float(service["TimeoutStopSec"]) > drain + 2 * CLOSE_SECONDS
    assert (service["KillSignal"], service["KillMode"]) == ("SIGTERM", "mixed")


def test_what_ends_is_started_again(service: configparser.SectionProxy) -> None:
    assert service["Restart"] == "always"


def test_an_instance_is_named_for_its_metrics_port(service: configparser.SectionProxy) -> None:
    assert "AUGMENT_METRICS_PORT=%i" in service["Environment"].split()
