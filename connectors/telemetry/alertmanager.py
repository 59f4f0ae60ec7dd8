"""Dead letters raise an alert at once: a `Telemetry` that posts to Alertmanager's API v2.

Prometheus sees a dead letter at its next scrape and its rules some time after; this says it within
a second. One alert for each error type and categoria in a window: it ends by itself with the
window, and the next dead letter raises it anew. No label names a process, so that Alertmanager
sees the alerts of all of them as one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

import orjson
import urllib3

from colecionador.domain.events import Event, Settled
from colecionador.domain.settlements import DeadLetter
from connectors.telemetry.measuring import categoria_label
from connectors.telemetry.outbox import Lost, Outbox

ALERT_NAME = "AugmentDeadLetter"
WINDOW_SECONDS = 300.0
TRIES = 3
PAUSE_SECONDS = 2.0
TIMEOUT_SECONDS = 5.0
WAITING_LIMIT = 100

Kind = tuple[str, str]
"""Error type and categoria."""


@dataclass(frozen=True, slots=True)
class _Alert:
    kind: Kind
    item_id: int | None
    message_id: str
    at: datetime


class AlertmanagerTelemetry:
    """Raises an alert for dead letters; never waits for Alertmanager."""

    def __init__(
        self,
        url: str,
        categorias: Collection[str],
        lost: Lost,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url` is Alertmanager's own, with a path prefix or a password where it has one."""
        parts = urlsplit(url)
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._alerts_url = f"{address.rstrip('/')}/api/v2/alerts"
        self._headers = {"Content-Type": "application/json"} | _authorization(
            parts.username, parts.password
        )
        self._http = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)
        self._categorias = frozenset(categorias)
        self._monotonic = monotonic
        self._raised: dict[Kind, float] = {}
        self._lock = threading.Lock()
        self._outbox: Outbox[_Alert] = Outbox("alertmanager", self._send, lost, limit=WAITING_LIMIT)

    def emit(self, event: Event) -> None:
        """Raise an alert for a dead letter, the first of its kind in the window."""
        if not isinstance(event, Settled) or not isinstance(event.settlement, DeadLetter):
            return
        subject = event.settlement.subject
        kind = (
            event.settlement.failure.error_type.value,
            categoria_label(self._categorias, subject.categoria),
        )
        if self._is_first(kind):
            now = datetime.now(UTC)
            self._outbox.put(_Alert(kind, subject.item_id, subject.message_id, now))

    def close(self, seconds: float) -> None:
        """Send what is waiting, for so long at most."""
        self._outbox.close(seconds)

    def _is_first(self, kind: Kind) -> bool:
        now = self._monotonic()
        with self._lock:
            raised = self._raised.get(kind)
            if raised is not None and now - raised < WINDOW_SECONDS:
                return False
            self._raised[kind] = now
        return True

    def _send(self, alerts: Sequence[_Alert]) -> None:
        body = orjson.dumps([_posted(alert) for alert in alerts])
        for tries in range(1, TRIES + 1):
            try:
                self._post(body)
            except (urllib3.exceptions.HTTPError, OSError):
                if tries == TRIES or self._outbox.closing.wait(PAUSE_SECONDS):
                    # The next dead letter of this kind is then the first again.
                    with self._lock:
                        for alert in alerts:
                            self._raised.pop(alert.kind, None)
                    raise
            else:
                return

    def _post(self, body: bytes) -> None:
        answer = self._http.request(
            "POST", self._alerts_url, body=body, headers=self._headers, redirect=False
        )
        if not 200 <= answer.status < 300:
            raise OSError(f"Alertmanager answered {answer.status}")


def _posted(alert: _Alert) -> dict[str, object]:
    error_type, categoria = alert.kind
    item = "a message that names no item" if alert.item_id is None else f"item {alert.item_id}"
    return {
        "labels": {
            "alertname": ALERT_NAME,
            "severity": "warning",
            "service": "augment",
            "error_type": error_type,
            "categoria": categoria,
        },
        "annotations": {
            "summary": f"Dead letter: {error_type} ({categoria})",
            "description": (
                f"{item}, message {alert.message_id}, went to the dead-letter queue. "
                f"See: augment dlq list --error-type {error_type}"
            ),
            "runbook_url": f"docs/runbook.md#{ALERT_NAME.lower()}",
        },
        "startsAt": alert.at.isoformat(),
        "endsAt": (alert.at + timedelta(seconds=WINDOW_SECONDS)).isoformat(),
    }


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    return urllib3.make_headers(basic_auth=f"{unquote(user)}:{unquote(password or '')}")
