"""Text from the world, made fit for PostgreSQL."""

from __future__ import annotations

ERROR_LIMIT = 4000


def storable(text: str) -> str:
    r"""`text` without what PostgreSQL cannot store: NUL and lone surrogates become `\ufffd`.

    Cut at `ERROR_LIMIT` characters: an error's text may quote a whole response.

    >>> storable("a\x00b\ud800")
    'a\ufffdb\ufffd'
    """
    cut = text if len(text) <= ERROR_LIMIT else f"{text[: ERROR_LIMIT - 1]}…"
    return (
        cut.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
