"""What a user would write instead: a plain consumer of pika, OpenCV, minio and psycopg.

    python -m bench.plain_consumer 1        one item at a time, as the published design
    python -m bench.plain_consumer 3        three items overlapped

It does all that the service does for an item that goes well: quality, nine variations on a pool of
nine threads, each decoded again as its check, MD5 against ETag, one transaction of eleven rows,
the completion, the ack. It is written as the libraries' guides show, and knows nothing of retries,
duplicates, bounds, metrics or an orderly end.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import psycopg
from minio import Minio
from pika import BasicProperties, BlockingConnection, DeliveryMode, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic
from urllib3 import PoolManager, Retry, Timeout

from bench.plain_images import VARIATIONS, Encoded, decode, make, quality
from bench.plain_rows import Stored, commit

MAX_PART_BYTES = 64 * 1024 * 1024
"""Below this an object is one PUT, whose ETag is its MD5."""


@dataclass(frozen=True, slots=True)
class Work:
    """One delivery."""

    tag: int
    message_id: str
    body: dict[str, Any]


class PlainConsumer:
    """Consumes, works on threads, and settles on the connection's own thread."""

    def __init__(self, items_at_once: int) -> None:
        self._environment = dict(os.environ)
        self._connection = BlockingConnection(URLParameters(os.environ["AUGMENT_AMQP_URL"]))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._channel.basic_qos(prefetch_count=items_at_once)
        self._items = ThreadPoolExecutor(items_at_once)
        self._variations = ThreadPoolExecutor(len(VARIATIONS))
        self._database = threading.local()
        self._store = Minio(
            urlsplit(os.environ["AUGMENT_S3_ENDPOINT"]).netloc,
            os.environ["AUGMENT_S3_ACCESS_KEY"],
            os.environ["AUGMENT_S3_SECRET_KEY"],
            secure=False,
            region=os.environ["AUGMENT_S3_REGION"],
            http_client=PoolManager(
                maxsize=items_at_once + len(VARIATIONS),
                timeout=Timeout(connect=5, read=15),
                retries=Retry(5, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
            ),
        )

    def run(self) -> None:
        """Consume until the process is ended."""
        self._channel.basic_consume(os.environ["AUGMENT_QUEUE"], self._deliver)
        self._channel.start_consuming()

    def _deliver(
        self,
        channel: BlockingChannel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        work = Work(method.delivery_tag or 0, properties.message_id or "", json.loads(body))
        self._items.submit(self._work_or_die, work)

    def _work_or_die(self, work: Work) -> None:
        try:
            completion = self._augment(work)
        except Exception as error:  # noqa: BLE001 - whatever it is, a benchmark must not go on
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        self._connection.add_callback_threadsafe(partial(self._settle, work, completion))

    def _settle(self, work: Work, completion: bytes) -> None:
        properties = BasicProperties(
            content_type="application/json",
            delivery_mode=DeliveryMode.Persistent,
            type="augmentation.completed",
            message_id=str(uuid5(NAMESPACE_URL, work.message_id)),
            correlation_id=work.message_id,
            timestamp=int(time.time()),
        )
        queue = self._environment["AUGMENT_COMPLETED_QUEUE"]
        self._channel.basic_publish("", queue, completion, properties, mandatory=True)
        self._channel.basic_ack(work.tag)

    def _augment(self, work: Work) -> bytes:
        started = time.perf_counter()
        bucket = self._environment["AUGMENT_SOURCE_BUCKET"]
        with self._store.get_object(bucket, work.body["objectKey"]) as response:
            data = response.read()
        pixels = decode(data)
        scores = quality(pixels)
        item = f"{work.body['categoria']}/{work.body['itemId']}"
        stored = list(
            self._variations.map(lambda name: self._variation(name, item, pixels), VARIATIONS)
        )
        source = {
            "bucket": bucket,
            "etag": response.headers["ETag"].strip('"'),
            "md5": hashlib.md5(data).hexdigest(),
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            "bytes": len(data),
        }
        facts = {**work.body, **scores, **source, "messageId": work.message_id}
        total_ms = 1000 * (time.perf_counter() - started)
        job_id = commit(self._session(), facts, stored, total_ms)
        completed = {"jobId": job_id, **facts, "variations": [each.fields() for each in stored]}
        return json.dumps(completed).encode()

    def _variation(self, name: str, item: str, pixels: Any) -> Stored:
        encoded: Encoded = make(name, pixels)
        key = f"{item}/{name}.jpg"
        bucket = self._environment["AUGMENT_TRAINING_BUCKET"]
        answer = self._store.put_object(
            bucket,
            key,
            io.BytesIO(encoded.data),
            len(encoded.data),
            content_type="image/jpeg",
            part_size=MAX_PART_BYTES,
        )
        if answer.etag != encoded.md5:
            raise ValueError(f"{key}: the ETag is {answer.etag}, the MD5 {encoded.md5}")
        return Stored(name, bucket, key, answer.etag or "", encoded)

    def _session(self) -> psycopg.Connection:
        if not hasattr(self._database, "session"):
            self._database.session = psycopg.connect(self._environment["AUGMENT_DATABASE_URL"])
        session: psycopg.Connection = self._database.session
        return session


if __name__ == "__main__":
    PlainConsumer(int(sys.argv[1])).run()
