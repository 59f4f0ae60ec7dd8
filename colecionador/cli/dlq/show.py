"""`augment dlq show`: one dead letter in full."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import orjson
import typer
from pika.data import decode_value

from colecionador.cli.console import OUT
from colecionador.cli.dlq.advice import advice
from colecionador.cli.dlq.filters import (
    Categoria,
    ErrorTypeName,
    ItemId,
    MessageId,
    OlderThan,
    make_filters,
)
from colecionador.cli.dlq.walking import conclude, walk
from colecionador.cli.errors import CommandError
from colecionador.cli.settings import command_settings
from connectors.rabbitmq.dead_letter import HeldLetter
from connectors.rabbitmq.field_table import Field

SHOWN_BODY_BYTES = 16 * 1024
SHOWN_LETTERS = 100


def show(
    message: Annotated[
        str | None, typer.Argument(help="Its message id; without one, the oldest that is meant.")
    ] = None,
    message_id: MessageId = None,
    error_type: ErrorTypeName = None,
    categoria: Categoria = None,
    item: ItemId = None,
    older_than: OlderThan = None,
) -> None:
    """Show one dead letter with its headers and its body; `list` tells the message ids."""
    wanted = message if message is not None else message_id
    filters = make_filters(wanted, error_type, categoria, item, older_than)
    with walk(command_settings(), filters) as walked:
        # Of one message id there may be several, each with its own end.
        found = list(islice(walked.letters(), 1 if wanted is None else SHOWN_LETTERS))
    if not found:
        named = "matches" if wanted is None else f'has the message id "{wanted}"'
        raise CommandError(f"no dead letter {named}")
    for letter in found:
        _print(letter)
    conclude(walked)


def _print(letter: HeldLetter) -> None:
    facts, properties = letter.facts, letter.original.properties
    OUT.print(f"Message {facts.message_id}: {facts.error_type}", style="bold")
    OUT.print(f"  {facts.error}")
    OUT.print(f"  What to do: {advice(facts.error_type)}")
    OUT.print("Properties", style="bold")
    for name in ("message_id", "correlation_id", "content_type", "type", "app_id", "timestamp"):
        value = getattr(properties, name)
        if value is not None:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            OUT.print(f"  {name:<18} {text}")
    OUT.print("Headers", style="bold")
    for field in properties.headers or ():
        OUT.print(f"  {field.name.decode('utf-8', 'replace'):<18} {_text(field)}")
    OUT.print("Body", style="bold")
    OUT.print(_body(letter.original.delivery.body))
    OUT.print()


def _text(field: Field) -> str:
    """A header's value for people; one that makes no sense as its octets."""
    try:
        value = decode_value(field.value, 0)[0]
    except Exception:  # noqa: BLE001 - anybody may have written it; pika raises what it likes
        value = field.value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _body(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except ValueError:
        cut = "" if len(body) <= SHOWN_BODY_BYTES else f" … ({len(body)} bytes in all)"
        return f"{body[:SHOWN_BODY_BYTES].decode('utf-8', 'backslashreplace')}{cut}"
