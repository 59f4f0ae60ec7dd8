"""Publishing from a command with many confirms outstanding, much faster than one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic

from connectors.rabbitmq.driven_connection import DrivenConnection
from connectors.rabbitmq.outgoing import OutgoingMessage
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.properties import fit_properties
from connectors.rabbitmq.tolerant_connection import Envelope

WINDOW = 64
"""Messages that await their confirms, at most."""

FRAME_RESERVE_BYTES = 4096


class ConfirmWindow:
    """A confirm channel. The first message that is refused ends it: nothing counts any more."""

    def __init__(self, connection: DrivenConnection) -> None:
        self._connection = connection
        self._outstanding: dict[int, tuple[str, Callable[[], None]]] = {}
        self._last_tag = 0
        self._problem: BrokerError | None = None
        self._channel = connection.channel()
        self._channel.add_on_return_callback(self._returned)
        connection.ask(
            lambda done: self._channel.confirm_delivery(self._settled, callback=done),
        )

    def publish(self, message: OutgoingMessage, on_confirmed: Callable[[], None]) -> None:
        """Send a message, mandatory; `on_confirmed` is called once the broker has it for certain.

        Waits while the window is full. Raises `BrokerError` where any message was refused.
        """
        self._wait_for(lambda: len(self._outstanding) < WINDOW)
        limit = self._connection.frame_max - FRAME_RESERVE_BYTES
        properties, _ = fit_properties(message.properties, limit)
        self._last_tag += 1
        self._outstanding[self._last_tag] = (message.queue, on_confirmed)
        self._channel.basic_publish(
            "", message.queue, message.body, Envelope(properties), mandatory=True
        )

    def flush(self) -> None:
        """Return when every message is confirmed. Raises `BrokerError` as `publish` does."""
        self._wait_for(lambda: not self._outstanding)

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        self._connection.wait_until(lambda: self._problem is not None or condition())
        if self._problem is not None:
            raise self._problem

    def _returned(self, _: Channel, method: Basic.Return, __: object, ___: bytes) -> None:
        # Its confirm follows, and must not be taken for success: a return names no tag.
        self._problem = BrokerError(
            f'queue "{method.routing_key}": missing; create it with `augment init`'
        )

    def _settled(self, frame: Method[Any]) -> None:
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        tags = [known for known in self._outstanding if known <= tag] if multiple else [tag]
        for known in tags:
            queue, on_confirmed = self._outstanding.pop(known)
            if not isinstance(frame.method, Basic.Ack):
                self._problem = BrokerError(
                    f'queue "{queue}": the broker refused the message; is it full?'
                )
            if self._problem is None:
                on_confirmed()
