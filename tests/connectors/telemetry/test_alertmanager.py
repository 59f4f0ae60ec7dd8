"""A dead letter is an alert in Alertmanager's API v2, once for each kind in a window."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from colecionador.domain.failures import ErrorType
from connectors.telemetry import alertmanager
from connectors.telemetry.alertmanager import (
    ALERT_NAME,
    WINDOW_SECONDS,
    AlertmanagerTelemetry,
)
from tests.connectors.telemetry.lost import LostCount
from tests.connectors.telemetry.samples import dead_lettered, retried, success
from tests.fix_listener import HttpListener, Manner, http_listener


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def raising(
    url: str, lost: LostCount | None = None, clock: Clock | None = None
) -> Iterator[AlertmanagerTelemetry]:
    telemetry = AlertmanagerTelemetry(
        url, ("moedas",), lost or LostCount(), clock if clock is not None else Clock()
    )
    yield telemetry
    telemetry.close(20)


def alerts(listener: HttpListener) -> list[dict[str, Any]]:
    return [alert for request in listener.received.all for alert in json.loads(request.body)]


def test_a_dead_letter_is_one_alert_with_its_kind_as_labels() -> None:
    with http_listener() as listener, raising(listener.url) as telemetry:
        telemetry.emit(dead_lettered())
        (request,) = listener.received.wait_for(1)
    assert request.path == "/api/v2/alerts"
    (alert,) = alerts(listener)
    assert alert["labels"] == {
        "alertname": ALERT_NAME,
        "severity": "warning",
        "service": "augment",
        "error_type": "corrupt_image",
        "categoria": "moedas",
    }
    assert "item 7, message message-7" in alert["annotations"]["description"]
    assert alert["annotations"]["runbook_url"] == "docs/runbook.md#augmentdeadletter"
    begins, ends = (datetime.fromisoformat(alert[name]) for name in ("startsAt", "endsAt"))
    assert ends - begins == timedelta(seconds=WINDOW_SECONDS)


def test_many_dead_letters_are_one_alert_for_each_kind() -> None:
    with http_listener() as listener, raising(listener.url) as telemetry:
        for _ in range(20):
            telemetry.emit(dead_lettered())
            telemetry.emit(dead_lettered(ErrorType.POISON))
            telemetry.emit(dead_lettered(categoria=None))
    kinds = [
        (each["labels"]["error_type"], each["labels"]["categoria"]) for each in alerts(listener)
    ]
    assert sorted(kinds) == [
        ("corrupt_image", "moedas"),
        ("corrupt_image", "none"),
        ("poison", "moedas"),
    ]


def test_a_categoria_that_anyone_may_invent_is_no_label() -> None:
    with http_listener() as listener, raising(listener.url) as telemetry:
        for name in ("invented", "another"):
            telemetry.emit(dead_lettered(categoria=name))
    assert [each["labels"]["categoria"] for each in alerts(listener)] == ["other"]


def test_the_next_dead_letter_after_the_window_raises_the_alert_again() -> None:
    clock = Clock()
    with http_listener() as listener, raising(listener.url, clock=clock) as telemetry:
        telemetry.emit(dead_lettered())
        listener.received.wait_for(1)
        clock.now += WINDOW_SECONDS
        telemetry.emit(dead_lettered())
        listener.received.wait_for(2)


def test_what_is_no_dead_letter_raises_nothing() -> None:
    with http_listener() as listener, raising(listener.url) as telemetry:
        telemetry.emit(retried())
        telemetry.emit(success())
    assert listener.received.all == []


def test_a_password_in_the_address_is_sent_as_one_and_a_path_is_kept() -> None:
    with (
        http_listener() as listener,
        raising(f"http://user:p%40ss@127.0.0.1:{listener.port}/prefix/") as telemetry,
    ):
        telemetry.emit(dead_lettered())
        (request,) = listener.received.wait_for(1)
    assert request.path == "/prefix/api/v2/alerts"
    assert request.headers["authorization"] == f"Basic {b64encode(b'user:p@ss').decode()}"


@pytest.mark.parametrize(
    "manner", [Manner.WITH_500, Manner.BY_CUTTING_OFF, Manner.WITH_NONSENSE, Manner.NEVER]
)
def test_an_alert_that_is_not_taken_is_tried_again_then_counted_and_its_kind_is_open_again(
    manner: Manner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alertmanager, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(alertmanager, "TIMEOUT_SECONDS", 0.1)
    lost = LostCount()
    with http_listener(manner) as listener, raising(listener.url, lost) as telemetry:
        telemetry.emit(dead_lettered())
        lost.wait_for("alertmanager", 1)
        assert len(listener.received.all) == alertmanager.TRIES
        listener.manner = Manner.WELL
        telemetry.emit(dead_lettered())
        listener.received.wait_for(alertmanager.TRIES + 1)
