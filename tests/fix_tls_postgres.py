"""A PostgreSQL that speaks TLS alone: Debian's, since the wheel's was built without it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.install import ensure_tls_postgresql, find_tls_postgresql
from sandbox.postgresql import PostgreSQL, _unprivileged
from sandbox.process import Launch
from tests.connectors.s3.certificate import write_certificate

_ONLY_OVER_TLS = "hostssl all all 127.0.0.1/32 trust\n"


class TlsPostgreSQL(PostgreSQL):
    """Its certificate is for 127.0.0.1; without TLS nobody is let in."""

    @property
    def certificate(self) -> Path:
        """Its own authority's."""
        return self.directory / "certificate.pem"

    def url(self, host: str = "127.0.0.1", **parameters: str) -> str:
        """Its address with these parameters."""
        given = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://postgres@{host}:{self.port}/augmentations?{given}"

    def _prepare(self) -> None:
        super()._prepare()
        _, key = write_certificate(self.directory)
        key.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(key, "nobody")
        (self._data / "pg_hba.conf").write_text(_ONLY_OVER_TLS)

    def _initdb_arguments(self) -> list[str]:
        of_18 = ("--locale-provider", "--builtin-locale")
        return [each for each in super()._initdb_arguments() if not each.startswith(of_18)]

    def _command(self) -> Launch:
        launch = super()._command()
        tls = {
            "ssl": "on",
            "ssl_cert_file": self.certificate,
            "ssl_key_file": self.directory / "key.pem",
        }
        options = [f"--{name}={value}" for name, value in tls.items()]
        return self._with_command([*launch.command, *options], launch)

    def _launch_of(self, program: str, *arguments: str) -> Launch:
        launch = super()._launch_of(program, *arguments)
        folder = find_tls_postgresql()
        assert folder is not None
        return self._with_command([*_unprivileged(), str(folder / program), *arguments], launch)

    def _with_command(self, command: list[str], launch: Launch) -> Launch:
        return Launch(
            command,
            launch.environment,
            launch.directory,
            launch.log,
            launch.takedown,
            self._holding,
        )


@pytest.fixture(scope="session")
def tls_postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsPostgreSQL]:
    """One for the run."""
    ensure_tls_postgresql(print)
    server = TlsPostgreSQL(tmp_path_factory.mktemp("tls-postgres") / "server")
    try:
        server.start()
        yield server
    finally:
        server.close()
