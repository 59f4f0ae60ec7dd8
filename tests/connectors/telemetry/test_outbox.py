"""An outbox keeps its callers from waiting, whatever the backend does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import SimpleQueue

from structlog.testing import capture_logs

from connectors.telemetry.outbox import Outbox
from tests.connectors.telemetry.lost import LostCount


class Backend:
    """A backend that can be slow, or fail, and keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: SimpleQueue[Sequence[int]] = SimpleQueue()
        self.entered = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.error: Exception | None = None

    def send(self, values: Sequence[int]) -> None:
        self.entered.set()
        assert self.may_go_on.wait(20)
        self.sent.put(list(values))
        if self.error is not None:
            raise self.error


def test_what_is_put_in_is_sent_in_order() -> None:
    backend, lost = Backend(), LostCount()
    outbox = Outbox("backend", backend.send, lost, limit=10)
    outbox.put(1)
    assert backend.sent.get(timeout=20) == [1]
    outbox.put(2)
    assert backend.sent.get(timeout=20) == [2]
    outbox.close(20)
    assert not lost.counts


def test_what_waits_meanwhile_is_sent_together() -> None:
    backend = Backend()
    backend.may_go_on.clear()
    outbox = Outbox("backend", backend.send, LostCount(), limit=10)
    outbox.put(1)
    assert backend.entered.wait(20)
    for value in (2, 3, 4):
        outbox.put(value)
    backend.may_go_on.set()
    assert [backend.sent.get(timeout=20) for _ in range(2)] == [[1], [2, 3, 4]]
    outbox.close(20)


def test_what_overflows_is_counted_and_not_waited_for() -> None:
    backend, lost = Backend(), LostCount()
    backend.may_go_on.clear()
    outbox = Outbox("backend", backend.send, lost, limit=3)
    outbox.put(0)
    assert backend.entered.wait(20)
    for value in range(1, 11):
        outbox.put(value)
    assert lost.counts == {"backend": 7}
    backend.may_go_on.set()
    outbox.close(20)
    assert [backend.sent.get(timeout=20) for _ in range(2)] == [[0], [1, 2, 3]]


def test_what_a_backend_does_not_take_is_counted_and_said_once() -> None:
    backend, lost = Backend(), LostCount()
    backend.error = OSError("down")
    outbox = Outbox("backend", backend.send, lost, limit=10)
    with capture_logs() as lines:
        for count in (1, 2, 3):
            outbox.put(count)
            lost.wait_for("backend", count)
        backend.error = None
        outbox.put(4)
        outbox.close(20)
    assert lost.counts == {"backend": 3}
    assert [line["event"] for line in lines] == [
        "Telemetry backend failed",
        "Telemetry backend recovered",
    ]


def test_closing_sends_what_is_waiting() -> None:
    backend = Backend()
    outbox = Outbox("backend", backend.send, LostCount(), limit=10, linger=60.0)
    outbox.put(1)
    outbox.put(2)
    outbox.close(20)
    assert backend.sent.get(timeout=0) == [1, 2]


def test_closing_gives_up_on_a_backend_that_never_returns() -> None:
    backend = Backend()
    backend.may_go_on.clear()
    outbox = Outbox("backend", backend.send, LostCount(), limit=10)
    outbox.put(1)
    assert backend.entered.wait(20)
    outbox.close(0.01)
    assert backend.sent.empty()
    backend.may_go_on.set()
