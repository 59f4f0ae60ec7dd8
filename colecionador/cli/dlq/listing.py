"""`augment dlq list`: what lies there, by type, and what to do about each."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Annotated

import orjson
import typer

from colecionador.cli.console import OUT, table
from colecionador.cli.dlq.advice import advice
from colecionador.cli.dlq.filters import (
    Categoria,
    ErrorTypeName,
    ItemId,
    MessageId,
    OlderThan,
    make_filters,
)
from colecionador.cli.dlq.walking import Walk, conclude, walk
from colecionador.cli.settings import command_settings
from connectors.rabbitmq.dead_letter import DeadLetterFacts
from connectors.rabbitmq.headers import timestamp_text

SHOWN_PER_TYPE = 10
MEMORY_BYTES = 1024 * 1024
"""Of lines that wait to be printed; more of them wait in a file."""


@dataclass(slots=True)
class Group:
    """The letters of one type: how many, from when to when, and the first few of them."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    shown: list[DeadLetterFacts] = field(default_factory=list)

    def add(self, facts: DeadLetterFacts) -> None:
        """Count one more letter."""
        self.count += 1
        if len(self.shown) < SHOWN_PER_TYPE:
            self.shown.append(facts)
        if facts.failed_at is not None:
            self.first = min(self.first or facts.failed_at, facts.failed_at)
            self.last = max(self.last or facts.failed_at, facts.failed_at)


def list_letters(
    message_id: MessageId = None,
    error_type: ErrorTypeName = None,
    categoria: Categoria = None,
    item: ItemId = None,
    older_than: OlderThan = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """List the dead letters by type, and say what to do about each."""
    filters = make_filters(message_id, error_type, categoria, item, older_than)
    with walk(command_settings(), filters) as walked:
        (_print_lines if as_json else _print_groups)(walked)
    conclude(walked)


def _print_lines(walked: Walk) -> None:
    # Nobody may keep the letters from others by reading slowly: a pager, or a pipe that stands.
    with SpooledTemporaryFile(MEMORY_BYTES) as lines:
        for letter in walked.letters():
            lines.write(orjson.dumps(_as_json(letter.facts), option=orjson.OPT_APPEND_NEWLINE))
        walked.queue.release()
        lines.seek(0)
        for line in lines:
            sys.stdout.write(line.decode())


def _as_json(facts: DeadLetterFacts) -> dict[str, str | int | None]:
    return {
        "messageId": facts.message_id,
        "itemId": facts.item_id,
        "categoria": facts.categoria,
        "errorType": facts.error_type,
        "error": facts.error,
        "attempt": facts.attempt,
        "failedAt": None if facts.failed_at is None else timestamp_text(facts.failed_at),
    }


def _print_groups(walked: Walk) -> None:
    groups: dict[str, Group] = {}
    for letter in walked.letters():
        groups.setdefault(letter.facts.error_type, Group()).add(letter.facts)
    walked.queue.release()
    if not groups:
        OUT.print("No dead letters." if walked.queue.depth == 0 else "No dead letter matches.")
    for name, group in sorted(groups.items(), key=lambda entry: (-entry[1].count, entry[0])):
        _print_group(name, group)


def _print_group(name: str, group: Group) -> None:
    letters = "letter" if group.count == 1 else "letters"
    OUT.print(f"{name}: {group.count} {letters}{_span(group)}", style="bold")
    OUT.print(f"  What to do: {advice(name)}")
    OUT.print(_rows(group.shown))
    if group.count > len(group.shown):
        more = group.count - len(group.shown)
        OUT.print(f"  … and {more} more: augment dlq list --error-type {name} --json")
    OUT.print()


def _span(group: Group) -> str:
    if group.first is None or group.last is None:
        return ""
    first, last = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (group.first, group.last))
    return f", {first}" if first == last else f", {first} to {last}"


def _rows(shown: Iterable[DeadLetterFacts]) -> object:
    made = table("  message", ">item", "categoria", ">attempts", "failed at (UTC)", "error")
    for facts in shown:
        made.add_row(
            f"  {facts.message_id}",
            "" if facts.item_id is None else f"{facts.item_id}",
            facts.categoria or "",
            f"{facts.attempt}",
            f"{facts.failed_at:%Y-%m-%d %H:%M:%S}" if facts.failed_at else "",
            facts.error,
        )
    return made
