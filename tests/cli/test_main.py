"""The command line itself: help, wrong usage, wrong settings."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from colecionador.cli import VERBS
from tests.cli.augment import Augment

HEAVY = (
    "pika",
    "psycopg",
    "minio",
    "pycurl",
    "urllib3",
    "cv2",
    "bytewax",
    "pydantic",
    "colecionador.domain",
)


def test_help_lists_every_verb(offline: Augment) -> None:
    ran = offline("--help")
    assert ran.code == 0
    for verb in VERBS:
        assert ran.lines_with(f" {verb} "), verb


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_of_its_own(offline: Augment, verb: str) -> None:
    command = getattr(import_module(f"colecionador.cli.{verb}"), verb)
    first_line = (inspect.getdoc(command) or "").splitlines()[0]
    ran = offline(verb, "--help")
    assert ran.code == 0
    assert first_line in " ".join(ran.out.split())


def test_help_loads_nothing_heavy() -> None:
    program = f"""
import sys
from colecionador.cli import main
try:
    main(["--help"])
finally:
    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_the_module_is_the_command_too() -> None:
    command = [sys.executable, "-m", "colecionador.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Usage: augment " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("sumbit",),
        ("submit",),
        ("submit", "a.jpg"),
        ("init", "more"),
        ("status", "coin"),
        ("--no",),
    ],
)
def test_wrong_usage_ends_with_code_2_and_no_traceback(
    offline: Augment, arguments: tuple[str, ...]
) -> None:
    ran = offline(*arguments)
    assert ran.code == 2
    assert "Usage: augment" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "verb", [("init",), ("status",), ("doctor",), ("submit", ".", "--categoria=a")]
)
def test_wrong_settings_are_told_all_at_once_without_their_secrets(
    offline: Augment, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AUGMENT_LANES", "0")
    monkeypatch.setenv("AUGMENT_S3_ENDPOINT", "minio:9000")
    monkeypatch.setenv("AUGMENT_AMQP_URL", "http://user:broker-secret@host/")
    ran = offline(*verb)
    assert ran.code == 2
    assert "3 settings are wrong" in ran.err
    assert 'AUGMENT_LANES="0"' in ran.err
    assert 'AUGMENT_S3_ENDPOINT="minio:9000": needs a scheme' in ran.err
    assert "AUGMENT_AMQP_URL=(hidden)" in ran.err
    assert "broker-secret" not in ran.err
