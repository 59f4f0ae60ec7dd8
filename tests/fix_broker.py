"""A real RabbitMQ for tests: the sandbox's, with queues of its own for each test."""

from __future__ import annotations

import itertools
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pika import BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker
from pydantic import SecretStr

from colecionador.domain.settings import Settings
from connectors.rabbitmq import queue_names
from connectors.rabbitmq.properties import Properties
from connectors.rabbitmq.tolerant_connection import Envelope, TolerantConnection
from sandbox.install import ensure_rabbitmq
from sandbox.rabbitmq import RabbitMQ, find_server
from tests.connectors.s3.certificate import write_certificate
from tests.fix_proxy import Proxy, proxy_to
from tests.fix_queues import delete_queues
from tests.free_port import free_port

_COUNT = b"x-delivery-count"
_numbers = itertools.count()


class TlsRabbitMQ(RabbitMQ):
    """The sandbox's node with a TLS listener beside the plain one."""

    tls_port: int
    certificate: Path
    """For 127.0.0.1, and its own authority."""

    def _prepare(self) -> None:
        super()._prepare()
        self.tls_port = free_port()
        self.certificate, key = write_certificate(self.directory)
        options = (
            f"listeners.ssl.1 = {self.host}:{self.tls_port}",
            f"ssl_options.cacertfile = {self.certificate}",
            f"ssl_options.certfile = {self.certificate}",
            f"ssl_options.keyfile = {key}",
        )
        with (self.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write("\n".join(options) + "\n")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it lies in a queue."""

    properties: Properties
    body: bytes

    def header(self, name: str) -> bytes | None:
        """A header's value on the wire; a text without its five octets of kind and length."""
        field = self.properties.header(name)
        if field is None:
            return None
        return field.value[5:] if field.value[:1] == b"S" else field.value


@dataclass(frozen=True, slots=True)
class Broker:
    """A running broker, and what tests do to it behind the service's back."""

    server: TlsRabbitMQ

    def settings(self, port: int | None = None, **changes: object) -> Settings:
        """Settings with queue names that nobody else uses; by way of another port, if given."""
        number = next(_numbers)
        chosen = {
            "amqp_url": self.url(port or self.server.port),
            "queue": f"ImageAugmentations-{number}",
            "completed_queue": f"ModelTraining-{number}",
            "lanes": 1,
            "retry_base_seconds": 0.2,
            **changes,
        }
        return Settings.model_validate(chosen)

    def directly(self, settings: Settings) -> Settings:
        """The same settings without a proxy in between."""
        return settings.model_copy(update={"amqp_url": SecretStr(self.url(self.server.port))})

    def url(self, port: int, query: str = "") -> str:
        """The broker's address by way of a port."""
        return f"amqp://guest:guest@{self.server.host}:{port}/%2F{query}"

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        """A channel of the test's own, with properties as octets (`Envelope`)."""
        parameters = URLParameters(self.url(self.server.port))
        # The stubs say an instance; pika wants the class.
        connection = BlockingConnection(parameters, _impl_class=TolerantConnection)  # type: ignore[arg-type]
        try:
            yield connection.channel()
        finally:
            if connection.is_open:
                connection.close()

    def publish(self, queue: str, *letters: Letter) -> None:
        """Put messages into a queue exactly as given, confirmed."""
        with self.channel() as channel:
            channel.confirm_delivery()
            for letter in letters:
                envelope = Envelope(letter.properties)
                channel.basic_publish("", queue, letter.body, envelope, mandatory=True)

    def take(self, queue: str, count: int | None = None) -> list[Letter]:
        """The messages of a queue, which are removed: all, or `count` as soon as they are there."""
        letters: list[Letter] = []
        deadline = time.monotonic() + 30
        with self.channel() as channel:
            while count is None or len(letters) < count:
                method, properties, body = channel.basic_get(queue, auto_ack=True)
                if method is not None and body is not None:
                    assert isinstance(properties, Envelope)
                    letters.append(Letter(_as_published(properties.properties), body))
                elif count is None:
                    break
                else:
                    assert time.monotonic() < deadline, f"{len(letters)} of {count} in {queue}"
                    channel.connection.process_data_events(time_limit=0.02)
        return letters

    def exists(self, queue: str) -> bool:
        """Whether there is a queue of this name."""
        with self.channel() as channel:
            try:
                channel.queue_declare(queue, passive=True)
            except ChannelClosedByBroker:
                return False
            return True

    def ready(self, queue: str) -> int:
        """How many messages of a queue no consumer holds."""
        with self.channel() as channel:
            count: int = channel.queue_declare(queue, passive=True).method.message_count
            return count

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` says, run against this node."""
        server = find_server()
        assert server is not None
        command = [str(Path(server).with_name("rabbitmqctl")), "--quiet", *arguments]
        environment = self.server._variables()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    def remove(self, settings: Settings) -> None:
        """Delete the queues of these settings, which nobody may be declaring."""
        delete_queues(self.channel, queue_names(settings))


def _as_published(properties: Properties) -> Properties:
    """Without the count that a quorum queue adds to whatever it delivers."""
    headers = tuple(field for field in properties.headers or () if field.name != _COUNT)
    return replace(properties, headers=headers or None)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the whole run."""
    ensure_rabbitmq(print)
    server = TlsRabbitMQ(tmp_path_factory.mktemp("broker") / "rabbitmq")
    try:
        server.start()
        yield Broker(server)
    finally:
        server.close()


@pytest.fixture
def proxy(broker: Broker) -> Iterator[Proxy]:
    """A proxy in front of the broker."""
    with proxy_to(broker.server.host, broker.server.port) as proxy:
        yield proxy
