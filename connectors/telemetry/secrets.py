"""Keeps secrets out of texts: the passwords and keys of the settings, and those in any address."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import SecretStr

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.settings import Settings

HIDDEN = "(hidden)"

SHORTEST_SECRET = 5
"""A shorter one would be found inside ordinary words; in an address it is hidden all the same."""

PUBLIC_DEFAULTS = frozenset({"guest", "minioadmin", "postgres"})
"""Anyone can read these in the documentation, and they are ordinary words too."""

_PASSWORD_PARAMETERS = frozenset({"password", "sslpassword"})

_PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+(?=@)")


def secret_values(settings: Settings) -> tuple[str, ...]:
    """The secrets among the settings as they may turn up in a text, the longest first."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if not isinstance(value, SecretStr):
            continue
        text = value.get_secret_value()
        for secret in _secrets_of(name, text):
            found |= {secret, unquote(secret), quote(unquote(secret), safe="")}
    return tuple(
        sorted(
            (
                secret
                for secret in found
                if len(secret) >= SHORTEST_SECRET and secret not in PUBLIC_DEFAULTS
            ),
            key=len,
            reverse=True,
        )
    )


def _secrets_of(name: str, text: str) -> tuple[str, ...]:
    if "://" not in text:
        return (text,)
    address = urlsplit(text)
    # The key of a DSN stands where others have a user.
    parts = (address.password, address.username if name == "sentry_dsn" else None)
    # PostgreSQL takes passwords as parameters too.
    given = [value for key, value in parse_qsl(address.query) if key in _PASSWORD_PARAMETERS]
    return tuple(part for part in (*parts, *given) if part)


def without_values(failure: Failure) -> str:
    """What went wrong, without what a refused message said.

    The value of its field stays in the dead letter and in the database; the log, and whoever else
    is told, gets the field's name and the remedy.
    """
    name, _, rest = failure.error.partition(": ")
    refused = failure.error_type is ErrorType.INVALID_MESSAGE
    if not refused or name == "body" or rest.startswith("missing"):
        return failure.error
    return f"{name}: {HIDDEN}; {rest.rpartition('; ')[2]}"


def without_secrets(secrets: tuple[str, ...]) -> Callable[[str], str]:
    """A function that hides `secrets`, and the password of any address, in a text."""

    def hide(text: str) -> str:
        for secret in secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        if "://" in text:
            text = _PASSWORD_IN_ADDRESS.sub(rf"\1:{HIDDEN}", text)
        return text

    return hide
