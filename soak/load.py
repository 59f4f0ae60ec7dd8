"""The load: messages without end, most of them good, so many that the queue never runs dry."""

from __future__ import annotations

import json
import threading
import time
from enum import Enum
from importlib.resources import files
from io import BytesIO
from random import Random

import cv2
import numpy as np
from pika import BasicProperties, DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from soak.site import QUEUE, SOURCE_BUCKET, Site

CATEGORIAS = ("carros", "moedas", "animais", "arte", "selos")
PHOTOGRAPHS = ("chelsea.png", "astronaut.png", "coffee.png", "motorcycle_left.png")
WIDTH, HEIGHT = 320, 240
BACKLOG = 40
"""Messages that wait while the load goes on."""
PAUSE_SECONDS = 0.2


class Kind(Enum):
    """What a message should end as."""

    GOOD = "good"
    DAMAGED = "damaged"
    MISSING = "missing"
    INVALID = "invalid"


_KINDS = (*[Kind.GOOD] * 37, Kind.DAMAGED, Kind.MISSING, Kind.INVALID)


class Load:
    """Publishes until it is stopped. `sent` has each message id and what it should end as."""

    def __init__(self, site: Site, random: Random) -> None:
        self.sent: dict[str, Kind] = {}
        self._site = site
        self._random = random
        self._stopping = threading.Event()
        self._upload_photographs()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish no more; returns when the last message is confirmed."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        unconfirmed: tuple[str, bytes] | None = None
        while not self._stopping.is_set() or unconfirmed:
            try:
                with self._site.broker() as connection:
                    channel = connection.channel()
                    channel.confirm_delivery()
                    while not self._stopping.is_set() or unconfirmed:
                        unconfirmed = unconfirmed or self._message()
                        _publish(channel, *unconfirmed)
                        unconfirmed = None
                        self._wait_for_room(channel)
            except (AMQPError, OSError):
                # The broker restarts. What was not confirmed is sent again under the same id.
                time.sleep(PAUSE_SECONDS)

    def _wait_for_room(self, channel: BlockingChannel) -> None:
        while not self._stopping.is_set():
            waiting = channel.queue_declare(QUEUE, passive=True).method.message_count
            if waiting < BACKLOG:
                return
            channel.connection.sleep(PAUSE_SECONDS)

    def _message(self) -> tuple[str, bytes]:
        number = len(self.sent) + 1
        kind = self._random.choice(_KINDS)
        keys = {
            Kind.DAMAGED: "damaged.jpg",
            Kind.MISSING: "nowhere.jpg",
        }
        body = {
            "itemId": number if kind is not Kind.INVALID else "none",
            "categoria": self._random.choice(CATEGORIAS),
            "objectKey": keys.get(kind, f"{self._random.choice(PHOTOGRAPHS)}.jpg"),
        }
        message_id = f"soak-{number}"
        self.sent[message_id] = kind
        return message_id, json.dumps(body).encode()

    def _upload_photographs(self) -> None:
        store = self._site.store()
        sources = {f"{name}.jpg": _photograph(name) for name in PHOTOGRAPHS}
        whole = sources[f"{PHOTOGRAPHS[0]}.jpg"]
        for key, data in {**sources, "damaged.jpg": whole[: len(whole) // 2]}.items():
            store.put_object(SOURCE_BUCKET, key, BytesIO(data), len(data))


def _publish(channel: BlockingChannel, message_id: str, body: bytes) -> None:
    properties = BasicProperties(
        content_type="application/json",
        delivery_mode=DeliveryMode.Persistent,
        message_id=message_id,
        timestamp=int(time.time()),
    )
    channel.basic_publish("", QUEUE, body, properties, mandatory=True)


def _photograph(name: str) -> bytes:
    """A real photograph of scikit-image's, small, so that the machinery is most of the work."""
    data = (files("skimage") / "data" / name).read_bytes()
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise RuntimeError(f"{name} does not decode")
    small = cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small)[1].tobytes()
