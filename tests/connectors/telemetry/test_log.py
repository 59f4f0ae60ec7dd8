"""Log lines are JSON with the contract's fields, and never hold a secret."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.events import (
    AttemptFailed,
    Delivered,
    Dependency,
    DependencyCalled,
    DependencyChanged,
    Event,
    Notice,
    Stage,
    StageTimed,
    Started,
    VariationSkipped,
)
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.settings import Settings
from connectors.telemetry.log import LogTelemetry
from connectors.telemetry.log_output import configure_logging, render_json
from connectors.telemetry.secrets import without_secrets
from tests.connectors.telemetry.samples import (
    DELIVERED_AT,
    DELIVERY,
    ITEM,
    SKIPPED,
    WORKER,
    dead_lettered,
    duplicate,
    retried,
    success,
)

SECRETS = {
    "amqp_url": "amqp://user:amqp-p%40ss@broker:5672/",
    "database_url": "postgresql://user:database-pass@host/name",
    "s3_secret_key": "store-secret",
}

Lines = list[dict[str, Any]]
Logged = Callable[..., Lines]


@pytest.fixture(autouse=True)
def logging_left_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def settings(**given: Any) -> Settings:
    return Settings(**{"log_format": "json", **SECRETS, **given})


def logged(*events: Event, log_level: str = "INFO") -> Lines:
    stream = io.StringIO()
    configure_logging(settings(log_level=log_level), stream)
    telemetry = LogTelemetry(now=lambda: DELIVERED_AT + 0.25)
    for event in events:
        telemetry.emit(event)
    return read(stream)


def read(stream: io.StringIO) -> Lines:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_outcome_is_one_line_at_info() -> None:
    lines = logged(success(), retried(), dead_lettered(), duplicate())
    assert [line["event"] for line in lines] == [
        "Item processed",
        "Item retried",
        "Item dead-lettered",
        "Duplicate acknowledged",
    ]
    assert {line["level"] for line in lines} == {"info"}


def test_an_outcome_says_whose_it_is_with_numbers_as_numbers() -> None:
    (line,) = logged(success(bad_quality=True))
    timestamp = line.pop("timestamp")
    assert timestamp.endswith("Z")
    assert line == {
        "event": "Item processed",
        "level": "info",
        "item_id": 7,
        "message_id": "message-7",
        "job_id": 101,
        "attempt": 1,
        "lane": "lane-1",
        "worker": WORKER,
        "categoria": "moedas",
        "seconds": 0.25,
        "publish_ms": 2.0,
        "bad_quality": True,
    }


def test_a_failed_outcome_says_what_failed_and_what_follows() -> None:
    retry, letter = logged(retried(), dead_lettered())
    assert (retry["error_type"], retry["delay_seconds"]) == ("source_missing", 5.0)
    assert retry["error"] == "images/originals/7.jpg is not there"
    assert (letter["error_type"], letter["error"]) == ("corrupt_image", "cut off")


def test_what_is_not_known_is_left_out() -> None:
    (line,) = logged(dead_lettered(categoria=None))
    assert "categoria" not in line


def test_the_steps_between_are_debug_lines() -> None:
    steps = (
        Delivered(DELIVERY, "message-7", 1, redelivered=True, queue_ms=3.5),
        Started(ITEM, 101, WORKER),
    )
    assert logged(*steps) == []
    delivered, started = logged(*steps, log_level="DEBUG")
    assert (delivered["redelivered"], delivered["queue_ms"]) == (True, 3.5)
    assert (started["event"], started["level"]) == ("Starting processing", "debug")
    assert (started["item_id"], started["job_id"], started["lane"]) == (7, 101, "lane-1")


def test_what_is_only_counted_has_no_line() -> None:
    counted = (StageTimed(Stage.DECODE, 0.1), DependencyCalled(Dependency.S3, "download", 0.1))
    assert logged(*counted, log_level="DEBUG") == []


def test_a_skipped_variation_and_a_dependency_that_is_down_are_warnings() -> None:
    down = DependencyChanged(Dependency.S3, up=False, reason="connection refused")
    skipped, lost, back = logged(
        VariationSkipped(ITEM, 101, WORKER, SKIPPED), down, DependencyChanged(Dependency.S3, True)
    )
    assert (skipped["level"], skipped["variation"], skipped["item_id"]) == ("warning", "blur", 7)
    assert (lost["level"], lost["reason"]) == ("warning", "connection refused")
    assert (back["level"], back["event"]) == ("info", "Dependency up")


def test_an_unexpected_failure_keeps_its_traceback_in_one_line() -> None:
    failure = Failure(ErrorType.INTERNAL, "KeyError: 'x'", traceback="Traceback …\nKeyError: 'x'")
    unexpected, expected = logged(
        AttemptFailed(ITEM, failure, WORKER),
        AttemptFailed(ITEM, Failure(ErrorType.SOURCE_MISSING, "gone"), None),
    )
    assert (unexpected["level"], unexpected["exception"]) == ("error", failure.traceback)
    assert expected["level"] == "warning"
    assert "exception" not in expected


def test_a_notice_has_its_own_level_and_fields() -> None:
    (line,) = logged(Notice("warning", "Metrics port taken", (("port", 9464), ("used", 9465))))
    assert (line["level"], line["port"], line["used"]) == ("warning", 9464, 9465)


def test_libraries_and_warnings_write_the_same_lines() -> None:
    stream = io.StringIO()
    configure_logging(settings(), stream)
    logging.getLogger("pika.adapters").warning("closed %s", "channel 1")
    logging.getLogger("urllib3").info("of no interest")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old function", DeprecationWarning, stacklevel=1)
    try:
        int("beyond repair")
    except ValueError:
        logging.getLogger("urllib3").exception("pool failed")
    closed, old, failed = read(stream)
    assert (closed["logger"], closed["event"]) == ("pika.adapters", "closed channel 1")
    assert (closed["level"], old["level"], failed["level"]) == ("warning", "warning", "error")
    assert old["logger"] == "py.warnings"
    assert "old function" in old["event"]
    assert failed["exception"].endswith("'beyond repair'")


def test_no_line_holds_a_secret_of_the_settings_or_of_an_address() -> None:
    stream = io.StringIO()
    configure_logging(settings(), stream)
    log = structlog.get_logger()
    try:
        int("postgresql://other:unknown-pass@host/name")
    except ValueError:
        log.exception("amqp://user:amqp-p%40ss@broker:5672/ refused amqp-p@ss", key="store-secret")
    text = stream.getvalue()
    assert "postgresql://other:(hidden)@host/name" in text
    for secret in ("amqp-p%40ss", "amqp-p@ss", "unknown-pass", "store-secret"):
        assert secret not in text


def test_a_terminal_gets_console_lines_unless_json_is_asked_for() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    configure_logging(settings(log_format=None), terminal)
    LogTelemetry().emit(success())
    configure_logging(settings(log_format=None), pipe)
    LogTelemetry().emit(success())
    assert "Item processed" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert read(pipe)[0]["event"] == "Item processed"


def test_the_log_goes_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings())
    LogTelemetry().emit(success())
    printed = capsys.readouterr()
    assert json.loads(printed.err)["event"] == "Item processed"
    assert printed.out == ""


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(Path("a/b"))
)


@given(st.dictionaries(st.text(min_size=1), VALUES))
def test_whatever_a_line_holds_it_is_one_line_of_json(fields: dict[str, Any]) -> None:
    text = render_json(None, "info", {"event": "\ud800 x", "level": "info", **fields})
    assert "\n" not in text
    assert isinstance(json.loads(text), dict)


@given(st.text(), st.text(alphabet="abc:/@ ", min_size=5))
def test_hiding_removes_every_secret_and_nothing_else(text: str, secret: str) -> None:
    hidden = without_secrets((secret,))(text + secret + text)
    assert secret not in hidden
    assert without_secrets(())(text.replace("://", "")) == text.replace("://", "")
