"""Uploading images and publishing their messages, some at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pika import BasicProperties, DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import NackError, UnroutableError

from colecionador.cli.errors import UsageError
from colecionador.cli.photographs import Photograph, message_id, read_photograph
from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings, SettingsError
from connectors.rabbitmq.blocking import blocking_connection
from connectors.rabbitmq.parameters import BrokerError
from connectors.s3 import S3Store
from connectors.telemetry.fan_out import FanOut


class Submission:
    """What was sent so far, and what went wrong; images are sent in the order given."""

    def __init__(self, settings: Settings, categoria: str) -> None:
        self._settings = settings
        self._categoria = categoria
        try:
            self._store = S3Store(settings, FanOut(()))
        except SettingsError as error:
            raise UsageError(str(error)) from None
        self.sent: list[Photograph] = []
        self.problems: list[str] = []

    def submit(self, images: Sequence[tuple[Path, int | None]]) -> None:
        """Upload these images side by side, then publish the messages of those that arrived."""
        with ThreadPoolExecutor(min(self._settings.s3_pool, len(images))) as pool:
            answers = list(pool.map(self._upload, images))
        uploaded = [answer for answer in answers if isinstance(answer, Photograph)]
        self.problems += [answer for answer in answers if isinstance(answer, str)]
        if uploaded:
            self._publish(uploaded)

    def _upload(self, image: tuple[Path, int | None]) -> Photograph | str:
        """The photograph once it is in the bucket, or what went wrong."""
        path, item_id = image
        try:
            photograph, data = read_photograph(path, item_id)
        except OSError as error:
            return f"{path}: {error.strerror or error}"
        stored = self._store.upload(
            self._settings.source_bucket,
            photograph.object_key,
            data,
            photograph.content_type,
            photograph.md5,
        )
        return f"{path}: {stored.error}" if isinstance(stored, Failure) else photograph

    def _publish(self, photographs: Sequence[Photograph]) -> None:
        try:
            # A connection for each call: between two of them nobody would answer its heartbeats.
            with blocking_connection(self._settings, "submit") as connection:
                channel = connection.channel()
                channel.confirm_delivery()
                for photograph in photographs:
                    self._publish_one(channel, photograph)
                    self.sent.append(photograph)
        except BrokerError as error:
            self.problems.append(str(error))

    def _publish_one(self, channel: BlockingChannel, photograph: Photograph) -> None:
        """Return once the broker has confirmed the message."""
        body = photograph.body(self._categoria, self._settings.source_bucket)
        properties = BasicProperties(
            content_type="application/json",
            delivery_mode=DeliveryMode.Persistent,
            message_id=message_id(body),
            timestamp=int(time.time()),
        )
        queue = self._settings.queue
        try:
            channel.basic_publish("", queue, body, properties, mandatory=True)
        except UnroutableError:
            raise BrokerError(f'queue "{queue}" is missing; run: augment init') from None
        except NackError:
            raise BrokerError(f'queue "{queue}" takes no more messages; let it drain') from None
