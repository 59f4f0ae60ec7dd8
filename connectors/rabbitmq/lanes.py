"""The port `Lanes` on AMQP: what the dataflow's source and sinks see of the broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from colecionador.domain.events import Dependency, DependencyCalled
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import Delivery
from colecionador.domain.ports import Telemetry
from colecionador.domain.settings import Settings
from colecionador.domain.settlements import Settlement
from colecionador.domain.tracing import StartTrace, no_trace
from connectors.rabbitmq.lane import RabbitLane
from connectors.rabbitmq.session import HAND_BACK_SECONDS, RabbitSession


class OpenLane:
    """The port `Lane`: one open lane, for the worker that opened it."""

    def __init__(self, lanes: RabbitLanes, lane: RabbitLane) -> None:
        self._lanes = lanes
        self._lane = lane

    def take(self) -> Sequence[Delivery]:
        """The deliveries that have arrived since the last call; never blocks."""
        return self._lane.take()

    @property
    def ended(self) -> bool:
        """True when it drained, or found no more work, and nothing of it is unsettled."""
        return self._lane.ended

    @property
    def released(self) -> int:
        """The newest generation whose deliveries have all gone back to the queue; 0: none has."""
        return self._lane.released

    def close(self) -> None:
        """Let go of the channel; the process's last lane closes the connections too."""
        self._lanes.close_lane(self._lane.name)


class RabbitLanes:
    """The lanes of one process. Connects with the first that is opened, never before.

    `start_paused`: open the lanes without consuming until `resume` is called.
    `hand_back_seconds`: what a pause holds for longer than this goes back to the queue, once.
    `start_trace`: starts the span of each delivery.
    """

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        *,
        start_paused: bool = False,
        hand_back_seconds: float = HAND_BACK_SECONDS,
        start_trace: StartTrace = no_trace,
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._hand_back_seconds = hand_back_seconds
        self._start_trace = start_trace
        self._paused = start_paused
        self._draining = False
        self._lock = threading.Lock()
        self._session: RabbitSession | None = None
        self._open: set[str] = set()

    @property
    def names(self) -> Sequence[str]:
        """The lanes of the whole cluster, in sorted order; the same in every process."""
        return [f"lane-{index:03d}" for index in range(self._settings.lanes)]

    def open(self, name: str) -> OpenLane:
        """Start to consume on one lane; returns at once, whether the broker is there or not."""
        with self._lock:
            if self._session is None:
                self._session = self._start_session()
            self._open.add(name)
            return OpenLane(self, self._session.make_lane(name))

    def settle(self, name: str, settlements: Sequence[Settlement]) -> None:
        """Publish, await the confirm, then ack; returns at once. Stale deliveries are dropped."""
        session = self._session
        if session is not None and settlements:
            session.settle(name, tuple(settlements))

    def pause(self) -> None:
        """Take no more deliveries until `resume`; what is held goes on."""
        self._paused = True
        self._reconcile()

    def resume(self) -> None:
        """Take deliveries again."""
        self._paused = False
        self._reconcile()

    def drain(self) -> None:
        """Take no more deliveries, finish what is held until the deadline, then end the lanes."""
        self._draining = True
        self._reconcile()

    @property
    def draining(self) -> bool:
        """True once `drain` was called."""
        return self._draining

    def silence(self) -> float:
        """For how many seconds the I/O thread has not moved; 0 where there is none."""
        session = self._session
        return 0.0 if session is None else session.silence()

    def probe(self) -> Failure | None:
        """One round trip on each connection, blocking two seconds at most: is the broker there?"""
        session = self._session
        started = time.perf_counter()
        problem = "no lane is open" if session is None else session.problem()
        seconds = time.perf_counter() - started
        self._telemetry.emit(
            DependencyCalled(Dependency.RABBITMQ, "probe", seconds, problem is None)
        )
        return Failure(ErrorType.PUBLISH_FAILED, f"RabbitMQ: {problem}") if problem else None

    def close_lane(self, name: str) -> None:
        """Close one lane; with the last one of the process, close the connections."""
        with self._lock:
            session = self._session
            if session is None or name not in self._open:
                return
            session.close_lane(name)
            self._open.discard(name)
            if not self._open:
                self._session = None
                session.close()

    def abort(self) -> None:
        """Drop the sockets at once, for a process that ends on an error."""
        session, self._session = self._session, None
        if session is not None:
            session.abort()

    def _start_session(self) -> RabbitSession:
        session = RabbitSession(
            self._settings,
            self._telemetry,
            lambda: self._paused,
            lambda: self._draining,
            self._start_trace,
        )
        session.start(self._hand_back_seconds)
        return session

    def _reconcile(self) -> None:
        session = self._session
        if session is not None:
            session.reconcile()
