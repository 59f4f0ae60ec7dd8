"""`augment init` makes what is missing, and only that."""

from __future__ import annotations

import psycopg
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.domain.settings import Settings
from connectors.rabbitmq import queue_names
from connectors.s3 import S3Store
from connectors.telemetry.fan_out import FanOut
from tests.cli.augment import Augment


def test_init_makes_queues_buckets_and_tables(
    augment: Augment, settings: Settings, channel: BlockingChannel, session: psycopg.Connection
) -> None:
    ran = augment("init")
    assert (ran.code, ran.err) == (0, "")
    for name in queue_names(settings):
        channel.queue_declare(name, passive=True)
        assert ran.lines_with(f"{name} "), name
    assert S3Store(settings, FanOut(())).probe() is None
    assert session.execute("SELECT count(*) FROM augmentation_jobs").fetchone() == (0,)


def test_init_repeated_makes_nothing_and_says_what_was_there(augment: Augment) -> None:
    first, second = augment("init"), augment("init")
    assert second.code == 0
    assert len(first.lines_with("created")) == 7
    assert second.lines_with("created") == second.lines_with("applied") == []
    assert len(second.lines_with("there already")) == len(first.out.splitlines())


def test_init_uses_a_queue_that_exists_with_other_arguments_as_it_is(
    augment: Augment, settings: Settings, channel: BlockingChannel
) -> None:
    channel.queue_declare(settings.queue, durable=True)
    channel.basic_publish("", settings.queue, b"kept")
    ran = augment("init")
    assert ran.code == 0
    (line,) = ran.lines_with("used as it is")
    assert settings.queue in line
    assert channel.basic_get(settings.queue, auto_ack=True)[2] == b"kept"


def test_init_tries_everything_and_names_each_problem(
    augment: Augment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUGMENT_AMQP_URL", "amqp://user:broker-secret@127.0.0.1:1/")
    monkeypatch.setenv("AUGMENT_S3_ENDPOINT", "http://127.0.0.1:1")
    ran = augment("init")
    assert ran.code == 1
    assert "AUGMENT_AMQP_URL: no connection to amqp://127.0.0.1:1" in ran.err
    assert "AUGMENT_S3_ENDPOINT" in ran.err
    assert ran.lines_with("applied")
    assert "broker-secret" not in ran.err
