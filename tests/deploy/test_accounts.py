"""The service's accounts in deploy/: enough for all that it does, and for nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pika import BlockingConnection, URLParameters
from pika.exceptions import ChannelClosedByBroker
from psycopg import errors, sql
from pydantic import SecretStr

from colecionador.cli.checks.database import check_database
from colecionador.cli.checks.section import Verdict
from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings
from connectors.memory.telemetry import MemoryTelemetry
from connectors.postgres.ledger import PostgresLedger
from connectors.postgres.migrate import apply_migrations
from connectors.rabbitmq import declare_topology, publish_all, queue_names, work_message
from sandbox.install import ensure_rabbitmq
from sandbox.postgresql import _binaries
from sandbox.rabbitmq import RabbitMQ
from tests.deploy.repository import ROOT, compose, text
from tests.fix_postgres import empty_database_url, postgres_server

__all__ = ["empty_database_url", "postgres_server"]

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PASSWORD = "its own"
NOT_THEIRS = (
    "CREATE TABLE mine ()",
    "CREATE TEMPORARY TABLE mine ()",
    "ALTER TABLE augmentation_jobs ADD mine integer",
    "DROP TABLE augmentation_jobs",
    "TRUNCATE augmentation_jobs",
    "CREATE ROLE another",
    "COPY augmentation_jobs TO PROGRAM 'true'",
)


@pytest.fixture
def service_database_url(empty_database_url: str) -> Iterator[str]:
    """As the service's role, in a database whose tables its owner made."""
    url = empty_database_url
    subprocess.run(
        [
            str(_binaries() / "psql"),
            "--quiet",
            f"--set=service_password={PASSWORD}",
            f"--file={ROOT / 'deploy/postgresql/roles.sql'}",
            url,
        ],
        check=True,
        env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"},
    )
    assert not isinstance(apply_migrations(url), Failure)
    yield url.replace("//postgres@", "//augment@")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("DROP OWNED BY augment CASCADE")
        owner.execute("DROP ROLE augment")


def test_the_services_role_may_do_all_that_the_ledger_does(service_database_url: str) -> None:
    settings = Settings(_env_file=None, database_url=SecretStr(service_database_url))
    findings = check_database(settings).findings
    assert [line for line in findings if line.verdict is Verdict.WRONG] == []
    ledger = PostgresLedger(service_database_url, 2, MemoryTelemetry())
    assert ledger.probe() is None
    assert ledger.try_writing() is None
    ledger.close()
    # `augment init` by the service's role: nothing to do, so nothing that it may not.
    assert apply_migrations(service_database_url) == ()


@pytest.mark.parametrize("statement", NOT_THEIRS)
def test_the_services_role_makes_and_changes_no_table(
    service_database_url: str, statement: str
) -> None:
    with (
        psycopg.connect(service_database_url, autocommit=True) as session,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        session.execute(sql.SQL(statement))


class _OneAccount(RabbitMQ):
    """A node whose first user is made by the file of the deployment."""

    def _prepare(self) -> None:
        super()._prepare()
        with (self.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write(text("deploy/rabbitmq/account.conf"))


@pytest.fixture(scope="module")
def broker_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    ensure_rabbitmq(print)
    server = _OneAccount(tmp_path_factory.mktemp("account") / "rabbitmq")
    try:
        server.start()
        yield Settings(_env_file=None, amqp_url=SecretStr(server.environment["AUGMENT_AMQP_URL"]))
    finally:
        server.close()


def test_the_services_user_makes_and_uses_its_queues(broker_settings: Settings) -> None:
    declare_topology(broker_settings)
    publish_all(broker_settings, [work_message(broker_settings.queue, b"{}", "1", NOW)])
    with _connection(broker_settings) as connection:
        channel = connection.channel()
        channel.queue_declare(f"{broker_settings.queue}.dlq.operator", exclusive=True)
        assert channel.basic_get(broker_settings.queue)[0] is not None
        for name in queue_names(broker_settings):
            channel.basic_get(name)


@pytest.mark.parametrize("queue", ["Other", "ImageAugmentationsOther", "ModelTraining.other"])
def test_the_services_user_has_nothing_to_do_with_other_queues(
    broker_settings: Settings, queue: str
) -> None:
    with (
        _connection(broker_settings) as connection,
        pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"),
    ):
        connection.channel().queue_declare(queue)


def _connection(settings: Settings) -> Any:
    return BlockingConnection(URLParameters(settings.amqp_url.get_secret_value()))


def test_the_services_key_reads_sources_and_writes_variations() -> None:
    policy = json.loads(text("deploy/s3/policy.json"))
    allowed = {
        (action, resource.removeprefix("arn:aws:s3:::"))
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    assert {effect["Effect"] for effect in policy["Statement"]} == {"Allow"}
    settings = Settings(_env_file=None)
    source, training = settings.source_bucket, settings.training_bucket
    assert {action for action, where in allowed if where == f"{source}/*"} == {"s3:GetObject"}
    assert {action for action, where in allowed if where == f"{training}/*"} == {
        "s3:GetObject",
        "s3:PutObject",
    }
    assert not any("*" in action for action, _ in allowed)


def test_the_service_of_the_compose_file_has_no_owners_account() -> None:
    services = compose()["services"]
    owners = ("OWNER", "ADMIN")
    flow = json.dumps(services["flow"]["environment"])
    assert not any(word in flow for word in owners)
    assert all(word in json.dumps(services["init"]["environment"]) for word in owners)
    mounted = " ".join(services["rabbitmq"]["volumes"] + services["postgresql"]["volumes"])
    for path in Path(ROOT / "deploy").glob("*/ro*.s*"):
        assert f"./{path.relative_to(ROOT)}:" in mounted
    assert "./deploy/rabbitmq/account.conf:/etc/rabbitmq/conf.d/" in mounted
