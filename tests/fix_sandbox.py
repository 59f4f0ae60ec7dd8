"""All three servers for tests: one sandbox for the run, with names of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from sandbox import Sandbox

_numbers = itertools.count()


@pytest.fixture(scope="session")
def servers() -> Iterator[Sandbox]:
    """One sandbox for the whole run. A test that stops a server starts it again."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def service_environment(servers: Sandbox) -> dict[str, str]:
    """`AUGMENT_*` variables for queues, buckets and a database that nobody else uses or made.

    The database exists and is empty; queues and buckets do not exist.
    """
    return fresh_environment(servers)


def fresh_environment(servers: Sandbox) -> dict[str, str]:
    """What `service_environment` is, for a test that needs several or keeps one for longer."""
    number = next(_numbers)
    at_hand = servers.environment
    name = f"service_{number}"
    with psycopg.connect(at_hand["AUGMENT_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return at_hand | {
        "AUGMENT_DATABASE_URL": f"{at_hand['AUGMENT_DATABASE_URL'].rsplit('/', 1)[0]}/{name}",
        "AUGMENT_QUEUE": f"ImageAugmentations-{number}",
        "AUGMENT_COMPLETED_QUEUE": f"ModelTraining-{number}",
        "AUGMENT_SOURCE_BUCKET": f"images-{number}",
        "AUGMENT_TRAINING_BUCKET": f"training-{number}",
        "AUGMENT_METRICS_PORT": "0",
    }
