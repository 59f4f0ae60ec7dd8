"""A connection that a command drives itself: on its own thread, and only while it waits.

Deliveries and confirms arrive while `wait_until` runs, so a command is a plain loop that may stop
at any point. Properties stay octets, as for the lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pika import URLParameters
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.exceptions import AMQPError, ChannelClosedByClient
from pika.frame import Method

from colecionador.domain.settings import Settings
from connectors.rabbitmq.blocking import describe_error
from connectors.rabbitmq.parameters import BrokerError, broker_address, connection_parameters
from connectors.rabbitmq.tolerant_connection import TolerantChannel, TolerantConnection

CLOSE_SECONDS = 5.0
STEP_SECONDS = 0.5
"""The longest that one step of the loop blocks, so that deadlines and Ctrl-C are heeded."""


class DrivenConnection:
    """One connection. Every method may raise pika's `AMQPError`, whatever broke meanwhile."""

    def __init__(self, parameters: URLParameters) -> None:
        self._loop = IOLoop()
        self._loop.activate_poller()
        self._problem: BaseException | None = None
        self._closed = False
        self._connection = TolerantConnection(
            parameters,
            on_open_error_callback=self._ended,
            on_close_callback=self._ended,
            custom_ioloop=self._loop,
        )
        self._connection.add_on_connection_blocked_callback(self._blocked)

    def open(self) -> None:
        """Return when the connection is open."""
        self.wait_until(lambda: self._connection.is_open)

    @property
    def frame_max(self) -> int:
        """The largest frame that both sides agreed on, in bytes."""
        return int(self._connection.params.frame_max)

    @property
    def broker_version(self) -> str:
        """The broker's version as it tells it, e.g. `3.10.8`; empty where it tells none."""
        version = (self._connection.server_properties or {}).get("version", "")
        return version.decode() if isinstance(version, bytes) else str(version)

    def channel(self) -> TolerantChannel:
        """An open channel. When the broker closes it, whatever waits raises why."""
        channel = self._connection.open_channel(lambda _: None)
        channel.add_on_close_callback(self._channel_closed)
        self.wait_until(lambda: channel.is_open)
        return channel

    def ask(self, send: Callable[[Callable[[Method[Any]], None]], object]) -> Any:
        """The broker's answer to one method; `send` gets the callback that pika is to call.

        Where the broker answers by closing the channel, that is raised.
        """
        answers: list[Method[Any]] = []
        send(answers.append)
        self.wait_until(lambda: answers)
        return answers[0].method

    def wait_until(self, condition: Callable[[], object], seconds: float | None = None) -> bool:
        """Drive the connection until the condition holds; False after so many seconds without."""
        expired: list[bool] = []
        timer = None if seconds is None else self._loop.call_later(seconds, lambda: _note(expired))
        try:
            while not condition():
                if self._problem is not None:
                    problem, self._problem = self._problem, None
                    raise problem
                if expired:
                    return False
                self._step()
        finally:
            if timer is not None:
                self._loop.remove_timeout(timer)
        return True

    def close(self) -> None:
        """Close in order, so that every acknowledgement arrives; what is held goes back."""
        with suppress(AMQPError, OSError):
            if not (self._connection.is_closed or self._connection.is_closing):
                self._connection.close()
            self._problem = None
            if not self.wait_until(lambda: self._closed, CLOSE_SECONDS):
                self._connection.abort(TimeoutError("the broker does not close"))
        self._loop.deactivate_poller()
        self._loop.close()

    def _step(self) -> None:
        # Without a timer of its own a step blocks for seconds.
        timer = self._loop.call_later(STEP_SECONDS, lambda: None)
        self._loop.poll()
        self._loop.process_timeouts()
        self._loop.remove_timeout(timer)

    def _ended(self, _: object, reason: BaseException) -> None:
        self._closed = True
        self._problem = reason

    def _channel_closed(self, _: Channel, reason: BaseException) -> None:
        if not isinstance(reason, ChannelClosedByClient):
            self._problem = reason

    def _blocked(self, _: object, frame: Method[Any]) -> None:
        reason = frame.method.reason
        self._problem = BrokerError(f"the broker takes no messages: {reason}; try again later")


@contextmanager
def driven_connection(settings: Settings, purpose: str) -> Iterator[DrivenConnection]:
    """A connection for the length of a `with`. Raises `BrokerError`, also for what breaks it."""
    parameters = connection_parameters(settings, purpose)
    address = broker_address(parameters)
    connection = DrivenConnection(parameters)
    try:
        try:
            connection.open()
        except (AMQPError, OSError) as error:
            raise BrokerError(
                f"AUGMENT_AMQP_URL: no connection to {address} ({describe_error(error)}); "
                "is the broker up, and are user, password and vhost right?"
            ) from error
        yield connection
    except (AMQPError, OSError) as error:
        raise BrokerError(f"{address}: {describe_error(error)}") from error
    finally:
        connection.close()


def _note(expired: list[bool]) -> None:
    expired.append(True)
