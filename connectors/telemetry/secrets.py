"""Keeps secrets out of texts: the passwords and keys of the settings, and those in any address."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from colecionador.domain.settings import Settings

HIDDEN = "(hidden)"

SHORTEST_SECRET = 5
"""A shorter one would be found inside ordinary words; in an address it is hidden all the same."""

PUBLIC_DEFAULTS = frozenset({"guest", "minioadmin", "postgres"})
"""Anyone can read these in the documentation, and they are ordinary words too."""

_PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+(?=@)")


def secret_values(settings: Settings) -> tuple[str, ...]:
    """The secrets among the settings as they may turn up in a text, the longest first."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if not isinstance(value, SecretStr):
            continue
        text = value.get_secret_value()
        secret = urlsplit(text).password if "://" in text else text
        if secret:
            found |= {secret, unquote(secret)}
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
