"""A real PostgreSQL for tests: one server for the run, a database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from colecionador.domain.failures import Failure
from connectors.memory.telemetry import MemoryTelemetry
from connectors.postgres.ledger import PostgresLedger
from connectors.postgres.migrate import apply_migrations
from sandbox import PostgreSQL

POOL_SIZE = 8


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """One PostgreSQL for the whole run. A test that pauses or restarts it leaves it running."""
    server = PostgreSQL(tmp_path_factory.mktemp("postgres") / "server")
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgreSQL) -> str:
    """The name of a database with all tables, to copy: quicker than to migrate for each test."""
    name = "migrated_template"
    _administer(postgres_server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    applied = apply_migrations(database_url_of(postgres_server, name))
    assert not isinstance(applied, Failure), applied
    return name


@pytest.fixture
def database_url(postgres_server: PostgreSQL, migrated_template: str) -> Iterator[str]:
    """The URL of a fresh database with all tables."""
    yield from _fresh_database(postgres_server, migrated_template)


@pytest.fixture
def empty_database_url(postgres_server: PostgreSQL) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    yield from _fresh_database(postgres_server, "template0")


@pytest.fixture
def session(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection of the test's own to `database_url`, in autocommit mode."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def telemetry() -> MemoryTelemetry:
    """Where `postgres_ledger` tells its events."""
    return MemoryTelemetry()


@pytest.fixture
def postgres_ledger(database_url: str, telemetry: MemoryTelemetry) -> Iterator[PostgresLedger]:
    """A ledger on `database_url`."""
    ledger = PostgresLedger(database_url, POOL_SIZE, telemetry)
    yield ledger
    ledger.close()


def database_url_of(server: PostgreSQL, database: str) -> str:
    """The URL of one of a server's databases."""
    url = server.environment["AUGMENT_DATABASE_URL"]
    return f"{url.rsplit('/', 1)[0]}/{database}"


def execute_file(database_url: str, path: Path) -> None:
    """Run a file of SQL statements in one transaction."""
    with psycopg.connect(database_url) as connection:
        connection.execute(path.read_bytes())


def database_name(database_url: str) -> str:
    """The name of the database that a URL leads to."""
    return str(conninfo_to_dict(database_url)["dbname"])


def _fresh_database(server: PostgreSQL, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    identifiers = (sql.Identifier(name), sql.Identifier(template))
    _administer(server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*identifiers))
    yield database_url_of(server, name)
    _administer(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(server: PostgreSQL, statement: sql.Composed) -> None:
    url = server.environment["AUGMENT_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
