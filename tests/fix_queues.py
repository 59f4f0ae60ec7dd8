"""Deleting queues without harm to a broker that other tests share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

_DEADLINE_SECONDS = 30.0
_NOT_FOUND = 404

OpenChannel = Callable[[], AbstractContextManager[BlockingChannel]]


def delete_queues(open_channel: OpenChannel, names: Iterable[str]) -> None:
    """Delete the queues that there are, with what is in them.

    Each is asked for a message first, which only a queue with a leader answers. One that is
    deleted while it gets its leader, after the node's start for instance, can end the broker's
    dead-lettering for good: docs/runbook.md, 541 under AugmentDependencyDown.
    """
    left = list(names)
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while left:
        try:
            with open_channel() as channel:
                while left:
                    channel.basic_get(left[0], auto_ack=True)
                    channel.queue_delete(left[0])
                    del left[0]
        except ChannelClosedByBroker as error:
            if error.reply_code != _NOT_FOUND:
                raise
            del left[0]
        except AMQPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # no leader yet, and nothing tells of one
