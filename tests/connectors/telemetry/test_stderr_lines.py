"""What native code writes to stderr is a line of the log; a process of its own shows it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

PROGRAM = """
import faulthandler, os, sys, threading
import structlog
from colecionador.domain.settings import Settings
from connectors.telemetry.log_output import configure_logging, log_uncaught
from connectors.telemetry.stderr_lines import StderrLines, log_output

faulthandler.enable()
stderr = StderrLines()
configure_logging(Settings(_env_file=None, log_format="json"), stderr.stream)
log_uncaught()
stderr.capture(log_output)
structlog.get_logger().info("Log line")
{act}
stderr.close()
os.write(2, b"after\\n")
"""


def run(act: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The lines of JSON on the stderr of a process that acts so, and the others."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{act}", act)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ended.stderr.splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    return logged, [line for line in lines if not line.startswith("{")]


def test_what_is_written_in_one_go_is_one_line_and_the_log_does_not_go_in_circles() -> None:
    logged, others = run(r'os.write(2, b"thread panicked at src/run.rs:\nboom\nbacktrace\n")')
    assert [line["event"] for line in logged] == ["Log line", "Output on stderr"]
    assert logged[1]["output"] == "thread panicked at src/run.rs:\nboom\nbacktrace"
    assert logged[1]["level"] == "warning"
    assert others == ["after"]


def test_what_a_child_writes_is_a_line_too() -> None:
    logged, _ = run('import subprocess; subprocess.run(["sh", "-c", "echo from a child >&2"])')
    assert logged[-1]["output"] == "from a child"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    logged, _ = run(r'os.write(2, b"\xff\n")')
    assert logged[-1]["output"] == "\\xff"


def test_an_exception_that_ends_a_thread_is_a_line_with_its_traceback() -> None:
    logged, others = run(
        'thread = threading.Thread(target=lambda: 1 / 0, name="calculator"); '
        "thread.start(); thread.join()"
    )
    line = logged[-1]
    assert (line["event"], line["level"], line["thread"]) == (
        "Thread failed",
        "error",
        "calculator",
    )
    assert line["exception"].endswith("ZeroDivisionError: division by zero")
    assert others == ["after"]


def test_the_traceback_of_a_crash_is_not_lost() -> None:
    _, others = run("os.abort()")
    assert "Fatal Python error: Aborted" in others
