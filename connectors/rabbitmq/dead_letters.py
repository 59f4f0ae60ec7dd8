"""The dead-letter queue in the hands of an operator: looking, sending back, throwing away.

Looking at a queue over AMQP is taking its messages and giving them back, and how one does it
decides what the queue looks like afterwards (seen on RabbitMQ 3.10, quorum queues):

| taken by                              | given back by              | order afterwards          |
|---------------------------------------|----------------------------|---------------------------|
| `basic.get`                           | anything                   | scrambled: each is a      |
|                                       |                            | consumer of its own       |
| a consumer                            | a nack with requeue        | behind all others         |
| up to 32 consumers, one after another | closing their channel      | as it was, at the front   |
| more than 32                          | closing their channel      | scrambled                 |

So letters are taken by at most 30 consumers, each when the one before holds all that it may, and
what is not settled goes back when the channel closes, also when the command is killed. A return
counts, which is why no delivery limit may be in force here: from a queue that has one all the same,
a letter that is near it is put back as a new copy at the end, since its order is worth less than
the letter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from colecionador.domain.settings import Settings
from connectors.rabbitmq.confirm_window import ConfirmWindow
from connectors.rabbitmq.dead_letter import HeldLetter, hold_letter
from connectors.rabbitmq.depth import messages_ready
from connectors.rabbitmq.driven_connection import DrivenConnection, driven_connection
from connectors.rabbitmq.operator_lock import lock_queue
from connectors.rabbitmq.outgoing import OutgoingMessage, repeated_message
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.properties import Properties, with_headers
from connectors.rabbitmq.queue_arguments import delivery_limit, queue_arguments
from connectors.rabbitmq.queues import dead_letter_queue, queue_specs
from connectors.rabbitmq.topology import major_version

CONSUMERS = 30
SMALLEST_SHARE = 1000
"""Letters that one consumer holds; more where the queue is deeper than all consumers' shares."""
LARGEST_SHARE = 65_535

NOT_COPIED = ("x-delivery-count", "x-acquired-count", "CC", "BCC")

QUIET_SECONDS = 1.0
PATIENCE = 60
"""Quiet seconds in a row before a queue that hands out nothing counts as broken."""


class DeadLetters:
    """The letters that were in the queue at the start, in their order, for one operator."""

    def __init__(
        self, connection: DrivenConnection, settings: Settings, depth: int, limit: int | None
    ) -> None:
        self.depth = depth
        """Letters in the queue when it was opened."""
        self._connection = connection
        self._work_queue = settings.queue
        self._queue = dead_letter_queue(settings.queue)
        self._limit = limit
        self._window = ConfirmWindow(connection)
        self._channel = connection.channel()
        self._channel.on_delivery = self._arrived
        self._share = share = min(LARGEST_SHARE, max(SMALLEST_SHARE, -(-depth // CONSUMERS)))
        connection.ask(lambda done: self._channel.basic_qos(prefetch_count=share, callback=done))
        self._consumers = 0
        self._held: set[int] = set()
        """Tags that are neither settled nor about to be."""
        self._filled = 0
        self._first_tag = 1
        self._last_tag = 0
        self._arrivals: deque[HeldLetter] = deque()

    def letters(self) -> Iterator[HeldLetter]:
        """Each letter once. One that is not settled before the next goes back to its place."""
        for _ in range(self.depth):
            letter = self._next()
            if letter is None:
                return
            yield letter
            if letter.tag in self._held and self._may_not_return(letter):
                self._put_back(letter)

    def replay(
        self, letter: HeldLetter, now: datetime, on_done: Callable[[], None] = lambda: None
    ) -> None:
        """Send the message to the work queue again; the letter goes once that is confirmed."""
        message = repeated_message(self._work_queue, letter.original, replayed_at=now)
        self._exchange(letter, message, on_done)

    def drop(self, letter: HeldLetter) -> None:
        """Throw the letter away."""
        self._held.discard(letter.tag)
        self._ack(letter)

    def flush(self) -> None:
        """Return when all that was replayed is confirmed and its letters are gone."""
        self._window.flush()

    def _next(self) -> HeldLetter | None:
        """The next letter; None where others took what was still there at the start."""
        quiet = 0
        while not self._arrivals:
            if self._consumers == 0 or self._is_full():
                self._consume()
            if self._connection.wait_until(lambda: self._arrivals, QUIET_SECONDS):
                break
            quiet += 1
            # One answer may overtake the letters that were on their way to us.
            if quiet > 1 and messages_ready(self._connection, self._queue) == 0:
                return None
            if quiet > PATIENCE:
                raise BrokerError(
                    f'queue "{self._queue}": letters wait, and the broker hands out none; '
                    "does somebody else consume from it alone?"
                )
        return self._arrivals.popleft()

    def _consume(self) -> None:
        self._filled = 0
        self._first_tag = self._last_tag + 1
        self._consumers += 1
        # What is given back together comes in the order of the consumers' names.
        name = f"augment-dlq-{self._consumers:06d}"
        self._connection.ask(
            lambda done: self._channel.basic_consume(
                self._queue, _delivered_by_channel, consumer_tag=name, callback=done
            )
        )

    def _is_full(self) -> bool:
        """Whether the last consumer takes no more: it holds its share, and nothing will be acked.

        It is not cancelled for that: the broker puts what crosses a cancel behind all others.
        """
        if self._filled >= self._share:
            self._window.flush()
        return self._filled >= self._share

    def _arrived(self, tag: int, _: bool, properties: Properties, body: bytes) -> None:
        self._last_tag = tag
        self._filled += 1
        self._held.add(tag)
        self._arrivals.append(hold_letter(tag, properties, body))

    def release(self) -> None:
        """Give back what is held, each letter to its place. Nothing can be done after that."""
        self._window.flush()
        self._channel.close()
        self._connection.wait_until(lambda: self._channel.is_closed)

    def _exchange(
        self,
        letter: HeldLetter,
        message: OutgoingMessage,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        def confirmed() -> None:
            self._ack(letter)
            on_done()

        self._held.discard(letter.tag)
        self._window.publish(message, confirmed)

    def _ack(self, letter: HeldLetter) -> None:
        self._channel.basic_ack(letter.tag)
        self._filled -= letter.tag >= self._first_tag

    def _may_not_return(self, letter: HeldLetter) -> bool:
        return self._limit is not None and letter.returns >= self._limit - 1

    def _put_back(self, letter: HeldLetter) -> None:
        properties = replace(letter.original.properties, user_id=None, expiration=None)
        copied = with_headers(properties, (), NOT_COPIED)
        self._exchange(letter, OutgoingMessage(self._queue, copied, letter.original.delivery.body))


@contextmanager
def open_dead_letters(settings: Settings) -> Iterator[DeadLetters]:
    """The dead letters for the length of a `with`, which is one operator's at a time.

    Raises `BrokerError`: no broker, no queue, or another operator at work for longer than a while.
    """
    queue = dead_letter_queue(settings.queue)
    with driven_connection(settings, "dead letters") as connection:
        lock_queue(connection, queue)
        depth = messages_ready(connection, queue)
        major = major_version(connection.broker_version)
        (spec,) = (one for one in queue_specs(settings, major) if one.name == queue)
        limit = delivery_limit(queue_arguments(connection, queue, spec.arguments), major)
        letters = DeadLetters(connection, settings, depth, limit)
        yield letters
        letters.flush()


def _delivered_by_channel(*_: object) -> None:
    """Never called: `TolerantChannel.on_delivery` gets every delivery."""
