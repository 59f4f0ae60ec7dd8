"""The migrations: applied once whoever runs them, checked at the start, and what docs show."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from colecionador.domain.failures import ErrorType, Failure
from connectors.postgres.migrate import (
    apply_migrations,
    check_migrations,
    load_migrations,
    schema,
)
from tests.fix_postgres import execute_file

SCHEMA = Path(__file__).parents[3] / "docs" / "schema.sql"

CATALOG = """
SELECT 'column', table_name, column_name, data_type, is_nullable, column_default,
       is_identity, identity_generation
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef, '', '', '', ''
FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""


def catalog(database_url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(CATALOG).fetchall()


def error_of(answer: object) -> str:
    assert isinstance(answer, Failure), answer
    assert answer.error_type is ErrorType.DATABASE_UNAVAILABLE
    return answer.error


def test_a_new_database_gets_every_migration_in_order(empty_database_url: str) -> None:
    assert apply_migrations(empty_database_url) == load_migrations()
    assert check_migrations(empty_database_url) is None


def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = catalog(database_url)

    assert apply_migrations(database_url) == ()
    assert catalog(database_url) == before


def test_several_that_migrate_at_once_apply_each_migration_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        applied = list(threads.map(apply_migrations, [empty_database_url] * 6))

    assert sorted(map(str, applied)) == sorted([*["()"] * 5, str(load_migrations())])


def test_a_database_without_tables_is_told_with_the_remedy(empty_database_url: str) -> None:
    error = error_of(check_migrations(empty_database_url))

    assert "0001_migrations.sql" in error
    assert "run: augment init" in error


def test_a_missing_migration_is_named_and_can_be_applied(
    database_url: str, session: psycopg.Connection
) -> None:
    last = load_migrations()[-1]
    session.execute("DROP TABLE augmentation_metrics")
    session.execute("DELETE FROM augmentation_migrations WHERE number = %s", [last.number])

    error = error_of(check_migrations(database_url))

    assert last.name in error
    assert load_migrations()[0].name not in error
    assert apply_migrations(database_url) == (last,)


def test_a_migration_that_was_changed_afterwards_is_named_and_stops_the_rest(
    database_url: str, session: psycopg.Connection
) -> None:
    session.execute("UPDATE augmentation_migrations SET checksum = 'another' WHERE number = 2")
    session.execute("DELETE FROM augmentation_migrations WHERE number = 4")

    assert "0002_jobs.sql" in error_of(check_migrations(database_url))
    assert "0002_jobs.sql" in error_of(apply_migrations(database_url))
    rows = session.execute("SELECT count(*) FROM augmentation_migrations").fetchall()
    assert rows == [(3,)]


def test_a_migration_that_fails_leaves_nothing_of_itself(
    database_url: str, session: psycopg.Connection
) -> None:
    last = load_migrations()[-1]
    session.execute("DROP TABLE augmentation_metrics")
    session.execute("DELETE FROM augmentation_migrations WHERE number = %s", [last.number])
    session.execute("ALTER TABLE augmentation_migrations ADD CONSTRAINT no_more CHECK (number < 4)")

    error = error_of(apply_migrations(database_url))

    assert '"no_more"' in error
    assert session.execute("SELECT to_regclass('augmentation_metrics')").fetchall() == [(None,)]
    assert last.name in error_of(check_migrations(database_url))


def test_a_newer_database_is_no_finding_for_an_older_process(
    database_url: str, session: psycopg.Connection
) -> None:
    session.execute(
        "INSERT INTO augmentation_migrations (number, name, checksum) VALUES (9999, 'x', 'y')"
    )

    assert check_migrations(database_url) is None
    assert apply_migrations(database_url) == ()


def test_the_documented_schema_makes_the_tables_that_the_migrations_make(
    database_url: str, empty_database_url: str
) -> None:
    execute_file(empty_database_url, SCHEMA)

    assert catalog(empty_database_url) == catalog(database_url)


def test_the_documented_schema_is_regenerated() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema(), (
        "run: python -m connectors.postgres.migrate > docs/schema.sql"
    )


def test_an_address_where_nobody_listens_is_a_failure_that_says_so() -> None:
    url = "postgresql://postgres@127.0.0.1:1/augmentations"

    assert "Connection refused" in error_of(check_migrations(url))
    assert "Connection refused" in error_of(apply_migrations(url))
