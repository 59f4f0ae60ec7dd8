"""A PostgreSQL for these tests, and a fresh database for each of them."""

from __future__ import annotations

from tests.fix_postgres import (
    database_url,
    empty_database_url,
    migrated_template,
    postgres_ledger,
    postgres_server,
    session,
    telemetry,
)

__all__ = [
    "database_url",
    "empty_database_url",
    "migrated_template",
    "postgres_ledger",
    "postgres_server",
    "session",
    "telemetry",
]
