"""The `augment` command as a test calls it, on servers of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pika import BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.domain.settings import Settings, load_settings
from tests.cli.augment import Augment


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting of this machine, from the environment or a file, reaches the command."""
    for name in list(os.environ):
        if name.startswith("AUGMENT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.fixture
def offline(clean_environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Augment:
    """The command where no server answers."""
    nowhere = {
        "AUGMENT_AMQP_URL": "amqp://user:broker-secret@127.0.0.1:1/",
        "AUGMENT_S3_ENDPOINT": "http://127.0.0.1:1",
        "AUGMENT_S3_SECRET_KEY": "store-secret",
        "AUGMENT_DATABASE_URL": "postgresql://user:database-secret@127.0.0.1:1/none",
    }
    for name, value in nowhere.items():
        clean_environment.setenv(name, value)
    return Augment(capsys)


@pytest.fixture
def augment(
    clean_environment: pytest.MonkeyPatch,
    service_environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> Augment:
    """The command on servers where nothing is made yet."""
    for name, value in service_environment.items():
        clean_environment.setenv(name, value)
    return Augment(capsys)


@pytest.fixture
def settings(augment: Augment) -> Settings:
    """The settings that the command sees."""
    return load_settings()


@pytest.fixture
def channel(settings: Settings) -> Iterator[BlockingChannel]:
    """A channel of the test's own to the broker."""
    connection = BlockingConnection(URLParameters(settings.amqp_url.get_secret_value()))
    yield connection.channel()
    connection.close()


@pytest.fixture
def session(settings: Settings) -> Iterator[psycopg.Connection]:
    """A connection of the test's own to the database, in autocommit mode."""
    url = settings.database_url.get_secret_value()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
