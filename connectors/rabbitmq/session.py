"""A process's session with the broker: the I/O thread, two connections, and the lanes on them."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence

from colecionador.domain.events import Notice
from colecionador.domain.ports import Telemetry
from colecionador.domain.settings import Settings
from colecionador.domain.settlements import Settlement
from colecionador.domain.tracing import StartTrace
from connectors.rabbitmq.confirmed_publisher import ConfirmedPublisher
from connectors.rabbitmq.idle_watch import IdleWatch
from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.lane import LaneContext, RabbitLane
from connectors.rabbitmq.parameters import connection_parameters
from connectors.rabbitmq.queues import wait_rooms
from connectors.rabbitmq.robust_connection import ConnectionListener, RobustConnection
from connectors.rabbitmq.round_trip import broker_problem
from connectors.rabbitmq.status import BrokerStatus
from connectors.rabbitmq.tolerant_connection import TolerantConnection
from connectors.rabbitmq.topology_repair import TopologyRepair

CLOSE_SECONDS = 3.0
"""How long a clean close may take before the sockets are dropped."""

BEAT_SECONDS = 1.0
"""How often the I/O thread shows that it moves."""

HAND_BACK_SECONDS = 25 * 60.0
"""The broker closes the channel of a consumer that holds a delivery for 30 minutes."""


class _Aborted(Exception):
    """Why a connection was dropped on purpose."""


class RabbitSession:
    """Everything of one process that lives on the I/O thread, from its first lane to its last.

    Consuming and publishing have a connection each: a broker that is short of memory stops
    reading from publishers, and acknowledgements must still get through.
    """

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        is_paused: Callable[[], bool],
        is_draining: Callable[[], bool],
        start_trace: StartTrace,
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._start_trace = start_trace
        self._is_paused = is_paused
        self._is_draining = is_draining
        self._lanes: dict[str, RabbitLane] = {}
        self._drain_timer_set = False
        self._moved_at = time.monotonic()
        self.io = IoThread(self._recover)
        self._status = status = BrokerStatus(telemetry, ("consuming", "publishing"))
        self._topology = TopologyRepair(settings, telemetry, self.io, self._topology_declared)
        self._publisher = ConfirmedPublisher(
            self.io, telemetry, self._topology.request, self._reconcile
        )
        self._consuming = RobustConnection(
            "consuming",
            self.io,
            connection_parameters(settings, "consuming"),
            status,
            ConnectionListener(self._consuming_opened, lambda: None),
        )
        self._publishing = RobustConnection(
            "publishing",
            self.io,
            connection_parameters(settings, "publishing"),
            status,
            ConnectionListener(
                self._publisher.connection_opened,
                self._publisher.connection_lost,
                self._publisher.set_blocked,
            ),
        )
        self._idle_watch = self._make_idle_watch()

    def start(self, hand_back_seconds: float) -> None:
        """Start the I/O thread and connect; from any thread."""
        self.io.start()
        self.io.call(self._consuming.connect)
        self.io.call(self._publishing.connect)
        self.io.call(lambda: self._hand_back(hand_back_seconds))
        self.io.call(self._beat)

    def make_lane(self, name: str) -> RabbitLane:
        """A new lane, which opens as soon as the broker is there; from any thread."""
        context = LaneContext(
            settings=self._settings,
            telemetry=self._telemetry,
            io=self.io,
            publisher=self._publisher,
            may_consume=self._may_consume,
            is_draining=self._is_draining,
            on_missing_queue=self._topology.request,
            start_trace=self._start_trace,
        )
        lane = RabbitLane(name, context)
        self.io.call(lambda: self._add(lane))
        return lane

    def settle(self, name: str, settlements: Sequence[Settlement]) -> None:
        """Settle deliveries of one lane; from any thread, in one hop."""
        self.io.call(lambda: self._settle(name, settlements))

    def reconcile(self) -> None:
        """Pause, resume or drain was called; from any thread."""
        self.io.call(self._reconcile)

    def silence(self) -> float:
        """For how many seconds the I/O thread has not moved; from any thread."""
        return max(0.0, time.monotonic() - self._moved_at - BEAT_SECONDS)

    def problem(self) -> str | None:
        """Why the broker does not serve this process, by a round trip; blocks two seconds at most.

        None where it does. Not for the I/O thread.
        """
        return broker_problem(self.io, (self._consuming, self._publishing), self._status)

    def close_lane(self, name: str) -> None:
        """Close a lane's channel; from any thread."""
        self.io.call(lambda: self._lanes.pop(name).close() if name in self._lanes else None)

    def close(self) -> bool:
        """Close the connections and end the thread; blocks a few seconds at most."""
        self.io.call(self._close)
        ended = self.io.join(CLOSE_SECONDS * 2)
        self._topology.close(CLOSE_SECONDS)
        return ended

    def abort(self) -> None:
        """Drop the sockets and end the thread at once; blocks a second at most."""
        self.io.call(self._abort)
        self.io.join(1.0)

    def _make_idle_watch(self) -> IdleWatch | None:
        idle_seconds = self._settings.exit_when_idle
        if idle_seconds is None:
            return None
        queues = (self._settings.queue, *wait_rooms(self._settings))
        return IdleWatch(self.io, queues, idle_seconds, self._sampled, self._topology.request)

    def _consuming_opened(self, connection: TolerantConnection) -> None:
        if not self._topology.was_declared:
            self._topology.request()
            return
        for lane in self._lanes.values():
            lane.connection_opened(connection)
        if self._idle_watch is not None:
            self._idle_watch.connection_opened(connection)

    def _topology_declared(self) -> None:
        connection = self._consuming.current
        if connection is not None:
            self._consuming_opened(connection)

    def _add(self, lane: RabbitLane) -> None:
        self._lanes[lane.name] = lane
        lane.reconcile()
        connection = self._consuming.current
        if connection is not None and self._topology.was_declared:
            lane.connection_opened(connection)

    def _settle(self, name: str, settlements: Sequence[Settlement]) -> None:
        lane = self._lanes.get(name)
        if lane is not None:
            for settlement in settlements:
                lane.settle(settlement)

    def _reconcile(self) -> None:
        if self._is_draining() and not self._drain_timer_set:
            self._drain_timer_set = True
            self.io.call_later(self._settings.drain_seconds, self._drain_deadline)
        for lane in self._lanes.values():
            lane.reconcile()

    def _drain_deadline(self) -> None:
        for lane in self._lanes.values():
            if not lane.ended:
                lane.end()

    def _sampled(self, quiet: bool) -> None:
        for lane in self._lanes.values():
            lane.sampled(quiet)

    def _beat(self) -> None:
        self._moved_at = time.monotonic()
        self.io.call_later(BEAT_SECONDS, self._beat)

    def _may_consume(self) -> bool:
        # What nothing can be published for would only be held, and time out.
        return self._publisher.takes and not (self._is_paused() or self._is_draining())

    def _hand_back(self, seconds: float) -> None:
        self.io.call_later(seconds / 25, lambda: self._hand_back(seconds))
        if self._is_paused() or not self._publisher.takes:
            for lane in self._lanes.values():
                lane.hand_back_if_older(seconds)

    def _close(self) -> None:
        self.io.call_later(CLOSE_SECONDS, self._abort)
        self._publishing.close(lambda: self._consuming.close(self.io.stop))

    def _abort(self) -> None:
        reason = _Aborted("the process ends")
        self._consuming.abort(reason)
        self._publishing.abort(reason)
        # Pika closes the sockets in the loop's next round.
        self.io.call(self.io.stop)

    def _recover(self, error: Exception) -> None:
        """An unexpected exception on the I/O thread: its state is in doubt, so connect anew."""
        text = "".join(traceback.format_exception(error))
        self._telemetry.emit(Notice("error", "Broker I/O failed", (("exception", text),)))
        self._consuming.recover(error)
        self._publishing.recover(error)
