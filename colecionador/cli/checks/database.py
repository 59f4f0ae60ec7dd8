"""The database: its version, its migrations, and the rights that the service needs."""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg
from psycopg.rows import TupleRow

from colecionador.cli.checks.clock import clock_finding
from colecionador.cli.checks.section import Finding, Section, right, wrong
from colecionador.domain.failures import Failure
from colecionador.domain.settings import Settings
from connectors.postgres.ledger import PostgresLedger
from connectors.postgres.migrate import check_migrations, load_migrations
from connectors.postgres.outages import unavailable
from connectors.postgres.pool import connect
from connectors.postgres.reports import read_server
from connectors.telemetry.fan_out import FanOut

RIGHTS = {
    "augmentation_jobs": ("SELECT", "INSERT", "UPDATE"),
    "augmentation_results": ("SELECT", "INSERT", "DELETE"),
    "augmentation_metrics": ("SELECT", "INSERT", "DELETE"),
}
"""What the service does to each table."""


def check_database(settings: Settings) -> Section:
    """Connect, look at version, migrations and rights, and write rows that are rolled back."""
    url = settings.database_url.get_secret_value()
    parts = urlsplit(url)
    title = f"PostgreSQL: {parts.hostname}:{parts.port or 5432}{parts.path}"
    server = read_server(url)
    if isinstance(server, Failure):
        seen = f"{server.error}; is the server up, and are user, password and database right?"
        return Section(title, (wrong("AUGMENT_DATABASE_URL", seen),))
    title = f"{title}, version {server.version}, {server.round_trip_ms:.1f} ms"
    clock = clock_finding(server.clock_ahead_seconds)
    problem = check_migrations(url)
    if problem is not None:
        return Section(title, (wrong("migrations", problem.error), clock))
    applied = right("migrations", f"all {len(load_migrations())} applied")
    return Section(title, (applied, *_rights(url), _writing(url), clock))


def _writing(url: str) -> Finding:
    """Whether it takes rows; a database with a full disk has every right in order."""
    problem = PostgresLedger(url, 1, FanOut(())).try_writing()
    if problem is not None:
        return wrong("writing", problem.error)
    return right("writing", "rows were taken, and rolled back")


def _rights(url: str) -> list[Finding]:
    try:
        with connect(url) as connection:
            return [_rights_on(connection, table) for table in RIGHTS]
    except psycopg.Error as error:
        return [wrong("rights", unavailable(error).error)]


def _rights_on(connection: psycopg.Connection[TupleRow], table: str) -> Finding:
    lacking = [each for each in RIGHTS[table] if not _has(connection, table, each)]
    if lacking:
        grant = f'GRANT {", ".join(lacking)} ON {table} TO "{connection.info.user}"'
        return wrong(f"rights on {table}", f"not all held; run as the tables' owner: {grant}")
    return right(f"rights on {table}", ", ".join(RIGHTS[table]).lower())


def _has(connection: psycopg.Connection[TupleRow], table: str, privilege: str) -> bool:
    row = connection.execute("SELECT has_table_privilege(%s, %s)", [table, privilege]).fetchone()
    return row is not None and bool(row[0])
