"""`augment dlq replay`: dead letters go back to the work queue, their attempts counted anew."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import partial

from colecionador.cli.console import OUT
from colecionador.cli.dlq.counts import counted
from colecionador.cli.dlq.filters import (
    Categoria,
    ErrorTypeName,
    ItemId,
    MessageId,
    OlderThan,
    make_filters,
)
from colecionador.cli.dlq.walking import Walk, conclude, walk
from colecionador.cli.errors import CommandError
from colecionador.cli.progress import progress
from colecionador.cli.settings import command_settings
from connectors.rabbitmq.parameters import BrokerError


def replay(
    message_id: MessageId = None,
    error_type: ErrorTypeName = None,
    categoria: Categoria = None,
    item: ItemId = None,
    older_than: OlderThan = None,
) -> None:
    """Send dead letters back to the work queue: all, or those that the filters mean.

    The body stays as it is, the attempts start again, and the header x-replayed-at says when. A
    letter goes only when the broker has confirmed its message, so this may be interrupted at any
    moment; at worst a message is then in both queues, and its second run finds the work done.
    """
    filters = make_filters(message_id, error_type, categoria, item, older_than)
    replayed: Counter[str] = Counter()
    with walk(command_settings(), filters) as walked:
        interrupted = _replay(walked, replayed)
    settings = walked.settings
    left = walked.queue.depth - replayed.total()
    if replayed:
        OUT.print(f"Replayed {counted(replayed)} → {settings.queue}; {left} left.")
    else:
        OUT.print(f"No dead letter matches; {left} left.")
    if interrupted:
        raise CommandError("interrupted; what was not replayed is where it was")
    conclude(walked)


def _replay(walked: Walk, replayed: Counter[str]) -> bool:
    """Replay until the end, an interruption (True), or an error, of which the count is told."""
    now = datetime.now(UTC)
    try:
        with progress("replaying", walked.queue.depth) as advance:
            for letter in walked.letters():
                done = partial(replayed.update, [letter.facts.error_type])
                walked.queue.replay(letter, now, done)
                advance(1)
            walked.queue.flush()
    except KeyboardInterrupt:
        walked.queue.flush()
        return True
    except BrokerError as error:
        raise CommandError(
            f"{error}\n  {replayed.total()} were replayed before that; the rest is where it was"
        ) from None
    return False
