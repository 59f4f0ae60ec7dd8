"""The ledger over TLS, its server's certificate checked: by authority and by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from colecionador.domain.failures import ErrorType, Failure
from connectors.memory.telemetry import MemoryTelemetry
from connectors.postgres.ledger import PostgresLedger
from connectors.postgres.migrate import apply_migrations, check_migrations
from connectors.postgres.pool import connect
from sandbox import PostgreSQL
from tests.connectors.s3.certificate import write_certificate
from tests.fix_postgres import database_url_of
from tests.fix_tls_postgres import TlsPostgreSQL, tls_postgres_server

__all__ = ["tls_postgres_server"]


def probe(url: str) -> Failure | None:
    ledger = PostgresLedger(url, 2, MemoryTelemetry())
    try:
        return ledger.probe()
    finally:
        ledger.close()


def verified(server: TlsPostgreSQL, certificate: Path, host: str = "127.0.0.1") -> str:
    return server.url(host, sslmode="verify-full", sslrootcert=str(certificate))


def test_the_ledger_works_over_tls_under_an_authority_of_ones_own(
    tls_postgres_server: TlsPostgreSQL,
) -> None:
    url = verified(tls_postgres_server, tls_postgres_server.certificate)
    assert not isinstance(apply_migrations(url), Failure)
    assert check_migrations(url) is None
    assert probe(url) is None
    with connect(url) as connection:
        assert connection.pgconn.ssl_in_use


def test_a_server_under_an_authority_that_nobody_vouched_for_is_not_talked_to(
    tls_postgres_server: TlsPostgreSQL, tmp_path: Path
) -> None:
    stranger, _ = write_certificate(tmp_path)
    failure = probe(verified(tls_postgres_server, stranger))
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.DATABASE_UNAVAILABLE
    assert "certificate verify failed" in failure.error


def test_a_certificate_for_another_name_is_refused(tls_postgres_server: TlsPostgreSQL) -> None:
    url = verified(tls_postgres_server, tls_postgres_server.certificate, host="localhost")
    failure = probe(url)
    assert isinstance(failure, Failure)
    assert 'does not match host name "localhost"' in failure.error


def test_a_server_without_tls_is_refused_where_it_was_asked_for(
    postgres_server: PostgreSQL, tmp_path: Path
) -> None:
    certificate, _ = write_certificate(tmp_path)
    url = database_url_of(postgres_server, "postgres")
    failure = probe(f"{url}?sslmode=verify-full&sslrootcert={certificate}")
    assert isinstance(failure, Failure)
    assert "does not support SSL" in failure.error


def test_an_authoritys_file_that_is_not_there_is_named(
    tls_postgres_server: TlsPostgreSQL, tmp_path: Path
) -> None:
    failure = probe(verified(tls_postgres_server, tmp_path / "nowhere.pem"))
    assert isinstance(failure, Failure)
    assert "nowhere.pem" in failure.error


@pytest.mark.parametrize("mode", ["disable", "allow"])
def test_the_server_of_these_tests_lets_nobody_in_without_tls(
    tls_postgres_server: TlsPostgreSQL, mode: str
) -> None:
    failure = probe(tls_postgres_server.url(sslmode=mode))
    assert isinstance(failure, Failure) == (mode == "disable")
