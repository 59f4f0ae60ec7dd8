"""Secrets from files: `AUGMENT_AMQP_URL_FILE` names one that holds what `AUGMENT_AMQP_URL` would.

An orchestrator mounts secrets as files. Unlike a variable, a file is not in the process's
environment, which children inherit and `docker inspect` shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

SECRET_SETTINGS = (
    "amqp_url",
    "s3_access_key",
    "s3_secret_key",
    "database_url",
    "sentry_dsn",
    "alertmanager_url",
)
"""The settings that may be read from a file."""

SECRET_LIMIT_BYTES = 64 * 1024


class UnreadableSecret(Exception):
    """A secret's file is of no use; the message says which variable and the remedy."""


def given_variables(env_file: str) -> dict[str, str]:
    """The variables of the environment, and those of a `.env` file that it does not set."""
    in_file = dotenv_values(env_file) if Path(env_file).is_file() else {}
    given = {**in_file, **os.environ}
    return {name.upper(): value for name, value in given.items() if value}


def read_secrets(
    prefix: str, variables: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The settings that come from files, by name, and a line for each that cannot.

    No line has anything of a file's content in it.
    """
    found, problems = {}, []
    for name in SECRET_SETTINGS:
        variable = f"{prefix}{name}".upper()
        path = variables.get(f"{variable}_FILE")
        if path is None:
            continue
        if variable in variables:
            problems.append(f"{variable}: {variable}_FILE is set too; unset one of them")
            continue
        try:
            found[name] = _content(f'{variable}_FILE="{path}"', Path(path))
        except UnreadableSecret as problem:
            problems.append(str(problem))
    return found, tuple(problems)


def _content(shown: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(SECRET_LIMIT_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableSecret(
            f"{shown}: {reason}; name a file that the user of this process may read"
        ) from None
    if len(raw) > SECRET_LIMIT_BYTES:
        raise UnreadableSecret(
            f"{shown}: over {SECRET_LIMIT_BYTES} bytes; name a file that holds the secret alone"
        )
    try:
        # Editors and `echo` end a file with a line break.
        text = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise UnreadableSecret(f"{shown}: not UTF-8; write the secret as plain text") from None
    if not text or "\n" in text or "\x00" in text:
        raise UnreadableSecret(f"{shown}: not one line of text; write the secret and nothing else")
    return text
