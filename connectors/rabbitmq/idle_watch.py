"""Watching for the end of work: are the work queue and every wait room empty, and stay so?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pika.channel import Channel
from pika.exceptions import ChannelClosedByBroker

from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.tolerant_connection import TolerantConnection

_LEAST_SAMPLES = 3
"""A message that leaves a wait room is in no count for some milliseconds, so one is not enough."""


def sample_seconds(idle_seconds: float) -> float:
    """The pause between two samples."""
    return min(1.0, max(0.05, idle_seconds / 5))


class IdleWatch:
    """Samples the counts of some queues over a channel of its own, on the I/O thread.

    After each sample `on_sample` is called: True once every sample of the idle time was zero.
    """

    def __init__(
        self,
        io: IoThread,
        queues: tuple[str, ...],
        idle_seconds: float,
        on_sample: Callable[[bool], None],
        on_missing_queue: Callable[[], None],
    ) -> None:
        self._io = io
        self._queues = queues
        self._idle_seconds = idle_seconds
        self._on_sample = on_sample
        self._on_missing_queue = on_missing_queue
        self._connection: TolerantConnection | None = None
        self._channel: Channel | None = None
        self._since: float | None = None
        self._samples = 0
        self._ticking = False

    def connection_opened(self, connection: TolerantConnection) -> None:
        """Start to sample on this connection, from nothing."""
        self._connection = connection
        self._channel = None
        self._restart()
        if not self._ticking:
            self._ticking = True
            self._tick()

    def _tick(self) -> None:
        self._io.call_later(sample_seconds(self._idle_seconds), self._tick)
        connection = self._connection
        if connection is None or not connection.is_open:
            self._restart()
        elif self._channel is None:
            self._channel = connection.open_channel(self._sample)
            self._channel.add_on_close_callback(self._channel_closed)
        elif self._channel.is_open:
            self._sample(self._channel)

    def _sample(self, channel: Channel) -> None:
        counts: list[int] = []
        for queue in self._queues:
            channel.queue_declare(
                queue, passive=True, callback=lambda frame: self._counted(channel, counts, frame)
            )

    def _counted(self, channel: Channel, counts: list[int], frame: Any) -> None:
        counts.append(frame.method.message_count)
        if len(counts) < len(self._queues) or channel is not self._channel:
            return
        if any(counts):
            self._restart()
        else:
            self._samples += 1
            self._since = self._since if self._since is not None else time.monotonic()
        self._on_sample(self._is_quiet())

    def _is_quiet(self) -> bool:
        if self._since is None or self._samples < _LEAST_SAMPLES:
            return False
        return time.monotonic() - self._since >= self._idle_seconds

    def _restart(self) -> None:
        self._since = None
        self._samples = 0

    def _channel_closed(self, channel: Channel, reason: Exception) -> None:
        """A queue is missing, or the connection is lost: the next tick begins anew."""
        if channel is self._channel:
            self._channel = None
            self._restart()
            if isinstance(reason, ChannelClosedByBroker):
                self._on_missing_queue()
