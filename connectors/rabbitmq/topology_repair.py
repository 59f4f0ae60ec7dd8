"""Declaring the topology for the lanes: at start, and when a queue turns out to be missing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from colecionador.domain.events import Notice
from colecionador.domain.ports import Telemetry
from colecionador.domain.settings import Settings
from connectors.rabbitmq.backoff import backoff_seconds
from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.topology import QueueState, TopologyReport, declare_topology


class TopologyRepair:
    """Runs the blocking declaration on a helper thread, one at a time, until it succeeds.

    Its methods are called on the I/O thread, and so is `on_done`; `close` after that thread ended.
    """

    def __init__(
        self, settings: Settings, telemetry: Telemetry, io: IoThread, on_done: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._io = io
        self._on_done = on_done
        self._running = False
        self._failures = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.was_declared = False

    def request(self) -> None:
        """Declare what is missing; no effect while that is under way."""
        if not self._running:
            self._running = True
            self._thread = threading.Thread(
                target=self._declare, name="rabbitmq-topology", daemon=True
            )
            self._thread.start()

    def close(self, timeout_seconds: float) -> None:
        """Wait for a declaration that is under way, which tries no second time.

        One that outlived its lanes would create queues while somebody deletes them, which can take
        dead-lettering down for the whole node: docs/runbook.md, 541 under AugmentDependencyDown.
        """
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _declare(self) -> None:
        try:
            report = declare_topology(self._settings, self._closing)
        except Exception as error:  # noqa: BLE001 - without queues the lanes would wait for ever
            reason = str(error) if isinstance(error, BrokerError) else repr(error)
            self._io.call(lambda: self._failed(reason))
        else:
            self._io.call(lambda: self._declared(report))

    def _declared(self, report: TopologyReport) -> None:
        self._running = False
        self._failures = 0
        for queue in report.queues:
            if queue.state is not QueueState.AS_EXPECTED:
                level = "info" if queue.state is QueueState.CREATED else "warning"
                fields = (("queue", queue.name), ("role", queue.role))
                difference = (("difference", queue.difference),) if queue.difference else ()
                event = f"Queue {queue.state.value}"
                self._telemetry.emit(Notice(level, event, fields + difference))
        self.was_declared = True
        self._on_done()

    def _failed(self, reason: str) -> None:
        self._running = False
        self._failures += 1
        wait = backoff_seconds(self._failures)
        self._telemetry.emit(
            Notice("warning", "Queues not declared", (("reason", reason), ("retry_in", wait)))
        )
        self._io.call_later(wait, self.request)
