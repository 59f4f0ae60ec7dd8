"""Completions as they arrive: which item, and when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from typing import Self

from pika import BasicProperties, BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic

from bench.contender import Running
from bench.site import Site

LOOK_SECONDS = 1.0
SILENCE_SECONDS = 90.0
"""Without a completion for so long, a run has failed."""


class Completions:
    """Consumes a site's completions, on a thread of its own, inside its `with`."""

    def __init__(self, site: Site) -> None:
        self.moments: list[float] = []
        """When each arrived, by `time.monotonic`."""
        self.item_ids: list[int] = []
        self._site = site
        self._changed = threading.Condition()
        self._connection = BlockingConnection(URLParameters(site.environment["AUGMENT_AMQP_URL"]))
        self._thread = threading.Thread(target=self._consume, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.add_callback_threadsafe(self._channel.stop_consuming)
        self._thread.join()
        self._connection.close()

    def wait_for(self, count: int, running: Running) -> Sequence[float]:
        """The moments of the first `count`; raises where they stop coming."""
        heard = time.monotonic()
        while len(self.moments) < count:
            with self._changed:
                if self._changed.wait(LOOK_SECONDS):
                    heard = time.monotonic()
            running.check()
            if time.monotonic() > heard + SILENCE_SECONDS:
                dead = self._site.ready(f"{self._site.queue}.dlq")
                raise TimeoutError(
                    f"{len(self.moments)} of {count} completions, then {SILENCE_SECONDS:g} s of "
                    f"silence; {dead} dead letters"
                )
        return self.moments[:count]

    def _consume(self) -> None:
        self._channel = self._connection.channel()
        self._channel.basic_consume(self._site.completed_queue, self._note, auto_ack=True)
        self._channel.start_consuming()

    def _note(
        self,
        channel: BlockingChannel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        now = time.monotonic()
        with self._changed:
            self.moments.append(now)
            self.item_ids.append(json.loads(body)["itemId"])
            self._changed.notify_all()
