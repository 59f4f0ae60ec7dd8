"""Failures as a Sentry server receives them: over HTTP, with tags, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from colecionador.domain.events import AttemptFailed, Event, Notice
from colecionador.domain.failures import ErrorType, Failure, internal_failure
from connectors.telemetry.secrets import without_secrets
from connectors.telemetry.sentry import SentryTelemetry
from tests.connectors.telemetry.lost import LostCount
from tests.connectors.telemetry.samples import ITEM, WORKER, dead_lettered, retried, success
from tests.fix_listener import HttpListener, Request, http_listener

Report = dict[str, Any]
SECRET = "planted-secret"


@contextmanager
def reporting(listener: HttpListener) -> Iterator[SentryTelemetry]:
    dsn = f"http://key@127.0.0.1:{listener.port}/42"
    telemetry = SentryTelemetry(dsn, without_secrets((SECRET,)), LostCount())
    yield telemetry
    telemetry.close(20)


def reported(*events: Event) -> list[Report]:
    with http_listener() as listener:
        with reporting(listener) as telemetry:
            for event in events:
                telemetry.emit(event)
        return [report for request in listener.received.all for report in reports(request)]


def reports(request: Request) -> list[Report]:
    """The events in an envelope: a header, then for each item a header and its body."""
    _, *lines = request.body.splitlines()
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [json.loads(body) for head, body in pairs if json.loads(head)["type"] == "event"]


def unexpected() -> Failure:
    """A failure with a traceback, whose frame has a secret and an image among its variables."""
    image, password = b"\xff\xd8" * 500, SECRET
    try:
        int(f"{len(image)} bytes and {password}")
    except ValueError as error:
        return internal_failure(error)
    raise AssertionError("that is a number")


def test_every_failed_attempt_is_reported_with_its_ids_as_tags() -> None:
    expected = Failure(ErrorType.SOURCE_MISSING, "images/originals/7.jpg is not there")
    (report,) = reported(AttemptFailed(ITEM, expected, WORKER, job_id=101))
    assert report["level"] == "warning"
    assert report["tags"] == {
        "event": "Attempt failed",
        "error_type": "source_missing",
        "item_id": "7",
        "message_id": "message-7",
        "job_id": "101",
        "attempt": "1",
        "categoria": "moedas",
        "lane": "lane-1",
        "worker": WORKER,
    }
    (exception,) = report["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("source_missing", expected.error)


def test_an_unexpected_failure_has_its_frames_and_neither_variables_nor_source() -> None:
    (report,) = reported(AttemptFailed(ITEM, unexpected(), WORKER))
    assert report["level"] == "error"
    (exception,) = report["exception"]["values"]
    (frame,) = exception["stacktrace"]["frames"]
    assert frame["function"] == "unexpected"
    assert frame["filename"].endswith("test_sentry.py")
    assert {"vars", "context_line", "pre_context"}.isdisjoint(frame)
    text = json.dumps(report)
    assert SECRET not in text
    assert "ffd8" not in text


def test_a_dead_letter_is_an_error_and_what_went_well_is_nothing() -> None:
    (report,) = reported(success(), retried(), dead_lettered())
    assert (report["level"], report["tags"]["event"]) == ("error", "Item dead-lettered")
    assert report["fingerprint"] == ["Item dead-lettered", "corrupt_image"]


def test_the_value_that_a_refused_message_had_is_not_reported() -> None:
    refused = Failure(ErrorType.INVALID_MESSAGE, 'categoria: "Se cret"; it must match ^[a-z]$')
    (report,) = reported(AttemptFailed(ITEM, refused, WORKER))
    (exception,) = report["exception"]["values"]
    assert exception["value"] == "categoria: (hidden); it must match ^[a-z]$"


def test_an_error_of_the_service_itself_is_reported_with_its_traceback() -> None:
    trace = unexpected().traceback
    fields = (("remedy", "restart"), ("exception", trace))
    (report,) = reported(Notice("error", "Process failed", fields), Notice("warning", "Harmless"))
    (exception,) = report["exception"]["values"]
    assert exception["type"] == "Process failed"
    assert exception["stacktrace"]["frames"]
    assert report["extra"]["remedy"] == "restart"


def test_reports_beyond_the_outbox_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.telemetry.sentry.WAITING_LIMIT", 5)
    lost = LostCount()
    telemetry = SentryTelemetry("http://key@127.0.0.1:9/42", without_secrets(()), lost)
    for _ in range(500):
        telemetry.emit(dead_lettered())
    lost.wait_for("sentry", 1)
    telemetry.close(0.1)
