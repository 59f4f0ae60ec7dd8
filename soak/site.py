"""Where the soak happens: servers, a proxy in front of each, and the two ways to reach them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from minio import Minio
from pika import BlockingConnection, URLParameters

from sandbox import Sandbox
from soak.proxy import Proxy

ADDRESSES = {
    "rabbitmq": "AUGMENT_AMQP_URL",
    "postgresql": "AUGMENT_DATABASE_URL",
    "s3": "AUGMENT_S3_ENDPOINT",
}
QUEUE, COMPLETED_QUEUE = "ImageAugmentations", "ModelTraining"
SOURCE_BUCKET, TRAINING_BUCKET = "images", "training"
RETRY_BASE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Site:
    """The servers and the proxies to them, by name."""

    servers: Sandbox
    proxies: Mapping[str, Proxy]

    @property
    def own_environment(self) -> dict[str, str]:
        """For the soak's own eyes: straight to the servers."""
        return _inherited() | self.servers.environment

    @property
    def service_environment(self) -> dict[str, str]:
        """For the service: by way of the proxies."""
        environment = self.own_environment
        for name, variable in ADDRESSES.items():
            address = urlsplit(environment[variable])
            through = f":{self.proxies[name].port}"
            environment[variable] = environment[variable].replace(f":{address.port}", through)
        return environment | {
            "AUGMENT_METRICS_PORT": "0",
            "AUGMENT_LOG_LEVEL": "DEBUG",
            "AUGMENT_LOG_FORMAT": "json",
            "AUGMENT_RETRY_BASE_SECONDS": str(RETRY_BASE_SECONDS),
            "AUGMENT_S3_TIMEOUT_SECONDS": "5",
            "AUGMENT_CPU_THREADS": "1",
        }

    def make_everything(self) -> None:
        """Queues, buckets and tables, as an operator makes them."""
        command = [sys.executable, "-m", "colecionador.cli", "init"]
        subprocess.run(command, env=self.service_environment, check=True, capture_output=True)

    def store(self) -> Minio:
        """A client of the object store."""
        return Minio(
            urlsplit(self.own_environment["AUGMENT_S3_ENDPOINT"]).netloc,
            self.own_environment["AUGMENT_S3_ACCESS_KEY"],
            self.own_environment["AUGMENT_S3_SECRET_KEY"],
            secure=False,
            region=self.own_environment["AUGMENT_S3_REGION"],
        )

    def broker(self) -> BlockingConnection:
        """A connection to the broker."""
        return BlockingConnection(URLParameters(self.own_environment["AUGMENT_AMQP_URL"]))


def _inherited() -> dict[str, str]:
    named = ("AUGMENT_", "BYTEWAX_")
    return {name: value for name, value in os.environ.items() if not name.startswith(named)}


@contextmanager
def new_site() -> Iterator[Site]:
    """Servers with nothing in them, until the block ends."""
    with Sandbox() as servers:
        by_name = {
            "rabbitmq": servers.rabbitmq,
            "postgresql": servers.postgresql,
            "s3": servers.s3,
        }
        proxies = {name: Proxy(each.host, each.port) for name, each in by_name.items()}
        try:
            site = Site(servers, proxies)
            site.make_everything()
            yield site
        finally:
            for proxy in proxies.values():
                proxy.close()
