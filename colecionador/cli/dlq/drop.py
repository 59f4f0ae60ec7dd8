"""`augment dlq drop`: dead letters are thrown away, after a question."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Annotated

import typer

from colecionador.cli.console import OUT
from colecionador.cli.dlq.counts import counted
from colecionador.cli.dlq.filters import (
    Categoria,
    ErrorTypeName,
    Filters,
    ItemId,
    MessageId,
    OlderThan,
    make_filters,
)
from colecionador.cli.dlq.walking import conclude, walk
from colecionador.cli.settings import command_settings
from colecionador.domain.settings import Settings
from connectors.rabbitmq.dead_letter import HeldLetter


def drop(
    message_id: MessageId = None,
    error_type: ErrorTypeName = None,
    categoria: Categoria = None,
    item: ItemId = None,
    older_than: OlderThan = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Throw dead letters away: all, or those that the filters mean. Asks first.

    What arrives while the question is open stays.
    """
    filters = make_filters(message_id, error_type, categoria, item, older_than)
    settings = command_settings()
    asked: set[bytes] | None = None
    if not yes:
        asked = _ask(settings, filters)
        if not asked:
            OUT.print("No dead letter matches.")
            return
    _drop(settings, filters, asked)


def _ask(settings: Settings, filters: Filters) -> set[bytes]:
    """The fingerprints of the letters that the operator agreed to lose; ends the command at a no.

    Nothing is held while the question is open: it may stay so for hours.
    """
    types: Counter[str] = Counter()
    fingerprints = set()
    with walk(settings, filters) as walked:
        for letter in walked.letters():
            types[letter.facts.error_type] += 1
            fingerprints.add(_fingerprint(letter))
    if fingerprints:
        typer.confirm(f"Throw away {counted(types)} for good?", abort=True)
    return fingerprints


def _drop(settings: Settings, filters: Filters, asked: set[bytes] | None) -> None:
    dropped: Counter[str] = Counter()
    with walk(settings, filters) as walked:
        for letter in walked.letters():
            if asked is None or _fingerprint(letter) in asked:
                walked.queue.drop(letter)
                dropped[letter.facts.error_type] += 1
    left = walked.queue.depth - dropped.total()
    if dropped:
        OUT.print(f"Dropped {counted(dropped)}; {left} left.")
    else:
        OUT.print(f"No dead letter matches; {left} left.")
    conclude(walked)


def _fingerprint(letter: HeldLetter) -> bytes:
    facts = letter.facts
    text = repr((facts.message_id, facts.failed_at, facts.error_type, facts.attempt))
    content = text.encode("utf-8", "surrogateescape") + letter.original.delivery.body
    return hashlib.blake2b(content, digest_size=16).digest()
