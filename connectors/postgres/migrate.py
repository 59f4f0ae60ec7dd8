"""The tables' migrations: plain SQL files, applied in order, each in a transaction of its own.

`python -m connectors.postgres.migrate > docs/schema.sql` writes the schema for people to read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg.rows import TupleRow

from colecionador.domain.failures import ErrorType, Failure
from connectors.postgres.outages import unavailable
from connectors.postgres.pool import connect

# Any number that nobody else locks; the same in every process, so that `init` runs one at a time.
_ADVISORY_LOCK = 0x_A06_3E17

_REMEDY = "run: augment init"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`, named `NNNN_what.sql`."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations() -> tuple[Migration, ...]:
    """Every migration that this version knows, in order."""
    folder = files("connectors.postgres") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        Migration(int(name.split("_")[0]), name, (folder / name).read_text(encoding="utf-8"))
        for name in names
    )


def apply_migrations(database_url: str) -> tuple[Migration, ...] | Failure:
    """Bring a database up to date and return what was applied; safe to repeat and to run at once.

    A migration that fails leaves nothing of itself, and those before it applied.
    """
    try:
        with connect(database_url) as connection:
            # Others may hold the lock for as long as a migration takes, and so may a migration.
            connection.execute("SET statement_timeout = 0")
            connection.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
            return _apply_missing(connection)
    except psycopg.Error as error:
        return unavailable(error)


def check_migrations(database_url: str) -> Failure | None:
    """What is missing of the tables, with the remedy, or None. Changes nothing.

    Migrations that only the database knows are no finding: during a rolling update the older
    processes go on.
    """
    try:
        with connect(database_url) as connection:
            applied = _applied(connection)
    except psycopg.Error as error:
        return unavailable(error)
    changed = _changed(applied)
    missing = [each.name for each in load_migrations() if each.number not in applied]
    if changed is None and missing:
        return _finding(f"migrations missing: {', '.join(missing)}; {_REMEDY}")
    return changed


def schema() -> str:
    """All migrations in one text: what `docs/schema.sql` holds."""
    header = (
        "-- The tables, as connectors/postgres/migrations/ makes them. Do not edit; regenerate:\n"
        "-- python -m connectors.postgres.migrate > docs/schema.sql\n"
    )
    return header + "".join(f"\n-- {each.name}\n{each.sql}" for each in load_migrations())


def _apply_missing(
    connection: psycopg.Connection[TupleRow],
) -> tuple[Migration, ...] | Failure:
    applied = _applied(connection)
    changed = _changed(applied)
    if changed is not None:
        return changed
    missing = tuple(each for each in load_migrations() if each.number not in applied)
    for migration in missing:
        with connection.transaction():
            connection.execute(migration.sql.encode())
            connection.execute(
                "INSERT INTO augmentation_migrations (number, name, checksum) VALUES (%s, %s, %s)",
                [migration.number, migration.name, migration.checksum],
            )
    return missing


def _applied(connection: psycopg.Connection[TupleRow]) -> dict[int, str]:
    """The checksum of each applied migration, by number."""
    found = connection.execute("SELECT to_regclass('augmentation_migrations')").fetchone()
    if found is None or found[0] is None:
        return {}
    rows = connection.execute("SELECT number, checksum FROM augmentation_migrations").fetchall()
    return dict(rows)


def _changed(applied: dict[int, str]) -> Failure | None:
    changed = [
        each.name
        for each in load_migrations()
        if applied.get(each.number, each.checksum) != each.checksum
    ]
    if not changed:
        return None
    return _finding(
        f"migrations changed since they were applied: {', '.join(changed)}; "
        "restore the files, and put the change into a new one"
    )


def _finding(text: str) -> Failure:
    return Failure(ErrorType.DATABASE_UNAVAILABLE, f"PostgreSQL: {text}")


if __name__ == "__main__":
    print(schema(), end="")
