"""A service of its own for each test: queues, buckets and tables, made and looked at from outside.

Everything here goes by the contract alone: messages as any producer sends them, queues, rows and
objects as any other program reads them.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from minio import Minio
from pika import BasicProperties, BlockingConnection, DeliveryMode, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import NackError
from psycopg import sql
from psycopg.rows import dict_row

from colecionador.domain.failures import Failure
from colecionador.domain.settings import PREFIX, Settings
from connectors.postgres.migrate import apply_migrations
from connectors.rabbitmq import declare_topology
from connectors.s3.buckets import create_missing_buckets
from sandbox import Sandbox
from tests.fix_messages import Message, message, small_photograph, source_key
from tests.fix_queues import delete_queues
from tests.fix_sandbox import fresh_environment

DEADLINE_SECONDS = 60.0
RETRY_BASE_SECONDS = 0.3
_PUBLISH_TRIES = 10
NINE_PLAN = Path(__file__).parent / "plans" / "nine.toml"
"""A plan of the nine alone, so that every item has as many, whatever its categoria."""

Row = dict[str, Any]


@dataclass(slots=True)
class Service:
    """The outside of one service."""

    environment: dict[str, str]
    taken: dict[str, list[Message]] = field(default_factory=dict)
    """What was taken out of a queue so far."""

    @property
    def queue(self) -> str:
        """The work queue."""
        return self.environment["AUGMENT_QUEUE"]

    @property
    def dead_letter_queue(self) -> str:
        """The dead letters."""
        return f"{self.queue}.dlq"

    @property
    def completed_queue(self) -> str:
        """The completions."""
        return self.environment["AUGMENT_COMPLETED_QUEUE"]

    @property
    def wait_rooms(self) -> tuple[str, str]:
        """The wait rooms of three attempts."""
        base = float(self.environment.get("AUGMENT_RETRY_BASE_SECONDS", "5"))
        return f"{self.queue}.retry.{_delay(base)}", f"{self.queue}.retry.{_delay(2 * base)}"

    def put(self, item_id: int, data: bytes | None = None) -> None:
        """Put an item's photograph into the source bucket; one of the small ones, unless given."""
        content = small_photograph(item_id) if data is None else data
        bucket = self.environment["AUGMENT_SOURCE_BUCKET"]
        self.store().put_object(bucket, source_key(item_id), io.BytesIO(content), len(content))

    def remove(self, item_id: int) -> None:
        """Remove an item's photograph."""
        self.store().remove_object(self.environment["AUGMENT_SOURCE_BUCKET"], source_key(item_id))

    def submit(self, item_ids: Iterable[int]) -> list[Message]:
        """Put the photographs of these items, and send a message for each."""
        messages = []
        for item_id in item_ids:
            self.put(item_id)
            messages.append(message(item_id))
        self.send(messages)
        return messages

    def send(self, messages: Sequence[Message]) -> None:
        """Publish these to the work queue, persistent and confirmed."""
        with self.channel() as channel:
            channel.confirm_delivery()
            for each in messages:
                properties = BasicProperties(
                    content_type="application/json",
                    delivery_mode=DeliveryMode.Persistent,
                    message_id=each.message_id,
                    timestamp=int(time.time()),
                )
                _publish(channel, self.queue, each.body, properties)

    def completions(self) -> list[Message]:
        """Every completion so far."""
        return self._take(self.completed_queue)

    def dead_letters(self) -> list[Message]:
        """Every dead letter so far."""
        return self._take(self.dead_letter_queue)

    def ready(self, queue: str) -> int:
        """How many messages of a queue no consumer holds."""
        with self.channel() as channel:
            count: int = channel.queue_declare(queue, passive=True).method.message_count
            return count

    def waiting(self) -> int:
        """How many messages wait to be worked on, as soon as nobody consumes any more."""

        def is_left_alone() -> bool:
            with self.channel() as channel:
                declared = channel.queue_declare(self.queue, passive=True)
                return declared.method.consumer_count == 0

        wait_until(is_left_alone, f"a consumer of {self.queue} is left")
        return sum(self.ready(queue) for queue in (self.queue, *self.wait_rooms))

    def rows(self, table: str) -> list[Row]:
        """All rows of a table."""
        with self.session() as session, session.cursor(row_factory=dict_row) as cursor:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            return cursor.execute(query).fetchall()

    def jobs(self, status: str) -> int:
        """How many jobs have this status."""
        return sum(row["status"] == status for row in self.rows("augmentation_jobs"))

    def md5_of_objects(self, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The MD5 of each object, by bucket and key; an object that is missing is an error."""
        store = self.store()

        def md5(place: tuple[str, str]) -> str:
            with store.get_object(*place) as response:
                return hashlib.md5(response.read(), usedforsecurity=False).hexdigest()

        wanted = list(places)
        with ThreadPoolExecutor(4) as pool:
            return dict(zip(wanted, pool.map(md5, wanted), strict=True))

    def store(self) -> Minio:
        """A client of the object store."""
        return Minio(
            self.environment["AUGMENT_S3_ENDPOINT"].removeprefix("http://"),
            self.environment["AUGMENT_S3_ACCESS_KEY"],
            self.environment["AUGMENT_S3_SECRET_KEY"],
            secure=False,
            region=self.environment["AUGMENT_S3_REGION"],
        )

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """A connection to the database, in autocommit mode."""
        url = self.environment["AUGMENT_DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        """A channel to the broker."""
        connection = BlockingConnection(URLParameters(self.environment["AUGMENT_AMQP_URL"]))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def _take(self, queue: str) -> list[Message]:
        found = self.taken.setdefault(queue, [])
        with self.channel() as channel:
            while True:
                method, properties, body = channel.basic_get(queue, auto_ack=True)
                if method is None or properties is None or body is None:
                    return found
                found.append(Message(properties.message_id, body, properties))


def _publish(
    channel: BlockingChannel, queue: str, body: bytes, properties: BasicProperties
) -> None:
    """Publish as a good producer does: again what the broker did not take, under the same id."""
    for _ in range(_PUBLISH_TRIES - 1):
        try:
            return channel.basic_publish("", queue, body, properties, mandatory=True)
        except NackError:
            # A quorum queue without a leader, for a moment; nobody is told of its election.
            time.sleep(0.5)
    return channel.basic_publish("", queue, body, properties, mandatory=True)


def _delay(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    """Ask again and again until it holds; `otherwise` says what is wrong when it never does."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)  # a state of another process: nothing tells of its change


def new_service(servers: Sandbox, **settings: str) -> Service:
    """A service with all that `augment init` makes; `settings` without their prefix."""
    environment = fresh_environment(servers) | {
        "AUGMENT_RETRY_BASE_SECONDS": str(RETRY_BASE_SECONDS),
        "AUGMENT_PLAN": str(NINE_PLAN),
    }
    environment |= {f"{PREFIX}{name.upper()}": value for name, value in settings.items()}
    service = Service(environment)
    made = Settings.model_validate(
        {name.removeprefix(PREFIX).lower(): value for name, value in environment.items()}
    )
    declare_topology(made)
    assert [bucket.problem for bucket in create_missing_buckets(made)] == [None, None]
    assert not isinstance(apply_migrations(environment["AUGMENT_DATABASE_URL"]), Failure)
    return service


def refuse_item(item_id: int) -> sql.Composed:
    """A trigger that refuses the last row of an item's transaction."""
    return sql.SQL("""
        CREATE FUNCTION refuse_item() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT item_id FROM augmentation_jobs WHERE id = NEW.job_id) = {item_id} THEN
                RAISE EXCEPTION 'item {item_id} is refused';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER refuse_item BEFORE INSERT ON augmentation_metrics
            FOR EACH ROW EXECUTE FUNCTION refuse_item();
    """).format(item_id=sql.Literal(item_id))


def delete_queues_of(service: Service) -> None:
    """Delete the service's queues: many of them make a broker slow."""
    others = (service.dead_letter_queue, service.completed_queue)
    delete_queues(service.channel, (service.queue, *service.wait_rooms, *others))


@pytest.fixture
def service(servers: Sandbox) -> Iterator[Service]:
    """A service for one test."""
    made = new_service(servers)
    yield made
    delete_queues_of(made)
