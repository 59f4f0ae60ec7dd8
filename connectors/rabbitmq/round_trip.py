"""Is the broker there? A real round trip on each connection, asked for by any thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from connectors.rabbitmq.io import IoThread
from connectors.rabbitmq.robust_connection import RobustConnection
from connectors.rabbitmq.status import BrokerStatus
from connectors.rabbitmq.tolerant_connection import TolerantChannel

ANSWER_SECONDS = 2.0
"""A broker that takes longer to open a channel does not serve."""


def broker_problem(
    io: IoThread, connections: Sequence[RobustConnection], status: BrokerStatus
) -> str | None:
    """Why the broker does not serve this process; None where it does. Not for the I/O thread."""
    answers: SimpleQueue[str | None] = SimpleQueue()

    def ask() -> None:
        reason = status.reason
        if reason is not None:
            answers.put(reason)
            return
        for connection in connections:
            current = connection.current
            if current is None:
                answers.put(f"{connection.name}: not connected")
            else:
                current.open_channel(opened)

    def opened(channel: TolerantChannel) -> None:
        channel.close()
        answers.put(None)

    io.call(ask)
    deadline = time.monotonic() + ANSWER_SECONDS
    for _ in connections:
        try:
            problem = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            return f"no answer within {ANSWER_SECONDS:g} s"
        if problem is not None:
            return problem
    return None
