"""Failures as Sentry sees them: every failed attempt, every dead letter, every error of ours.

The SDK is used as a sender alone. None of its integrations is on, so nothing is collected behind
our back: no local variables, no request, no lines of source; what goes out is written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sentry_sdk

from colecionador.domain.events import AttemptFailed, Event, Notice, Settled
from colecionador.domain.failures import Failure
from colecionador.domain.settlements import DeadLetter
from connectors.telemetry.outbox import Lost, Outbox
from connectors.telemetry.secrets import without_values

WAITING_LIMIT = 200
_FRAME = re.compile(
    r'^\s*File "(?P<file>.+)", line (?P<line>\d+), in (?P<function>.+)$', re.MULTILINE
)

Report = dict[str, Any]


class SentryTelemetry:
    """Reports failures; never waits for Sentry."""

    def __init__(self, dsn: str, hide: Callable[[str], str], lost: Lost) -> None:
        """`hide` takes secrets out of a text. Raises where `dsn` is none."""
        self._hide = hide
        self._client = sentry_sdk.Client(
            dsn=dsn,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            auto_session_tracking=False,
            shutdown_timeout=0,
        )
        self._outbox: Outbox[Report] = Outbox("sentry", self._send, lost, limit=WAITING_LIMIT)

    def emit(self, event: Event) -> None:
        """Report the event, where it is a failure."""
        match event:
            case AttemptFailed():
                self._outbox.put(_of_attempt(event))
            case Settled(settlement=DeadLetter() as letter):
                self._outbox.put(_of_dead_letter(letter))
            case Notice(level="error"):
                self._outbox.put(_of_notice(event))

    def close(self, seconds: float) -> None:
        """Send what is waiting, for so long at most."""
        self._outbox.close(seconds / 2)
        self._client.close(timeout=seconds / 2)

    def _send(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._client.capture_event(_hidden(report, self._hide))


def _of_attempt(event: AttemptFailed) -> Report:
    item, failure = event.item, event.failure
    traceback = event.traceback or failure.traceback
    ids = {
        "item_id": item.item_id,
        "message_id": item.message_id,
        "job_id": event.job_id,
        "attempt": item.attempt,
        "categoria": item.categoria,
        "lane": item.delivery.lane,
        "worker": event.worker,
    }
    level = "error" if traceback else "warning"
    return _report("Attempt failed", level, failure, traceback, ids)


def _of_dead_letter(letter: DeadLetter) -> Report:
    subject, failure = letter.subject, letter.failure
    ids = {
        "item_id": subject.item_id,
        "message_id": subject.message_id,
        "job_id": subject.job_id,
        "attempt": subject.attempt,
        "categoria": subject.categoria,
        "lane": letter.delivery.lane,
        "worker": subject.worker,
    }
    return _report("Item dead-lettered", "error", failure, failure.traceback, ids)


def _of_notice(notice: Notice) -> Report:
    fields = dict(notice.fields)
    traceback = fields.pop("exception", None)
    last_line = str(traceback or "").strip().rpartition("\n")[2]
    report: Report = {
        "level": "error",
        "logger": "augment",
        "tags": {"event": notice.event},
        "extra": fields,
        "exception": {"values": [_exception(notice.event, last_line, traceback)]},
    }
    return report


def _report(
    event: str, level: str, failure: Failure, traceback: str | None, ids: Mapping[str, object]
) -> Report:
    error_type = failure.error_type.value
    tags = {name: str(value) for name, value in ids.items() if value is not None}
    return {
        "level": level,
        "logger": "augment",
        "tags": {"event": event, "error_type": error_type, **tags},
        "exception": {"values": [_exception(error_type, without_values(failure), traceback)]},
        # Of an expected failure the text names the object, which is no reason for a new issue.
        "fingerprint": [event, error_type, *(["{{ default }}"] if traceback else [])],
    }


def _exception(kind: str, value: str, traceback: object) -> Report:
    exception: Report = {"type": kind, "value": value}
    frames = [
        {
            "filename": frame["file"],
            "lineno": int(frame["line"]),
            "function": frame["function"],
            "in_app": "site-packages" not in frame["file"],
        }
        for frame in _FRAME.finditer(str(traceback or ""))
    ]
    if frames:
        exception["stacktrace"] = {"frames": frames}
    return exception


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    match value:
        case str():
            return hide(value)
        case dict():
            return {name: _hidden(each, hide) for name, each in value.items()}
        case list():
            return [_hidden(each, hide) for each in value]
        case _:
            return value
