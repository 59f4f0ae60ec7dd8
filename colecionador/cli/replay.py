"""`augment replay`: the messages of a stream go into the work queue again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Annotated

import typer

from colecionador.cli.console import OUT
from colecionador.cli.errors import CommandError
from colecionador.cli.progress import progress
from colecionador.cli.settings import command_settings
from colecionador.cli.stream_position import parse_position
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.stream import Position, Stream, open_stream
from connectors.rabbitmq.stream_topology import stream_name


@dataclass(slots=True)
class Replayed:
    """What is in the work queue for certain, and where to go on after an interruption."""

    count: int = 0
    first: int | None = None
    last: int | None = None
    unconfirmed: dict[int, None] = field(default_factory=dict)
    """Offsets that were sent, in order."""

    def read(self, offset: int) -> None:
        """A message was read."""
        self.first = offset if self.first is None else self.first
        self.last = offset
        self.unconfirmed[offset] = None

    def confirmed(self, offset: int) -> None:
        """The broker has it, or it was only to be counted."""
        del self.unconfirmed[offset]
        self.count += 1

    @property
    def go_on(self) -> str:
        """What to do after an interruption."""
        if self.last is None:
            return "nothing went"
        following = next(iter(self.unconfirmed), self.last + 1)
        return f"{self.count} went; go on with --from {following}"


def replay(
    stream: Annotated[
        str | None,
        typer.Option(help="Its name; without it, that of the work queue with .stream behind."),
    ] = None,
    from_: Annotated[
        str, typer.Option("--from", help="first, an offset, or a time (ISO 8601; UTC unless told).")
    ] = "first",
    until: Annotated[
        str | None,
        typer.Option(help="The last offset, or the time up to which; without it, all there is."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many messages at most.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Put messages of the stream into the work queue again, from an offset or a time.

    Body, message id and properties stay as they are, so what was done already is a duplicate and
    costs no work. It ends with the message that was the last one when it began. A time is looked up
    by the second. The stream is made by: augment init --stream NAME
    """
    settings = command_settings()
    name = stream or stream_name(settings.queue)
    start = parse_position("--from", from_)
    end = None if until is None else parse_position("--until", until)
    try:
        with open_stream(settings, name) as opened:
            bounds = _bounds(opened, start, end)
            if bounds is None:
                OUT.print(f"Nothing to replay: stream {name} has no message there.")
                return
            replayed = _replay(opened, *bounds, limit=limit, dry_run=dry_run)
    except BrokerError as error:
        raise CommandError(str(error)) from None
    went = f"{'would go' if dry_run else 'went'} → {settings.queue}"
    messages = "1 message" if replayed.count == 1 else f"{replayed.count} messages"
    span = f"offsets {replayed.first} to {replayed.last}"
    OUT.print(f"{messages} of stream {name} ({span}) {went}.")


def _bounds(stream: Stream, start: Position, end: Position | None) -> tuple[Position, int] | None:
    """Where to begin, and the last offset; None where nothing lies between."""
    if stream.last is None:
        return None
    last = stream.last
    if isinstance(end, int):
        last = min(last, end)
    elif isinstance(end, datetime):
        after = stream.first_since(_next_second(end))
        last = last if after is None else after - 1
    first: Position | None = start
    if isinstance(start, datetime):
        first = stream.first_since(start)
    if first is None or (isinstance(first, int) and first > last) or last < 0:
        return None
    return first, last


def _replay(
    stream: Stream, start: Position, last: int, *, limit: int | None, dry_run: bool
) -> Replayed:
    replayed = Replayed()
    expected = last + 1 - (start if isinstance(start, int) else 0)
    try:
        with progress("replaying", min(expected, limit or expected)) as advance:
            for message in islice(stream.messages(start, last), limit):
                replayed.read(message.offset)
                done = partial(replayed.confirmed, message.offset)
                if dry_run:
                    done()
                else:
                    stream.replay(message, done)
                advance(1)
            stream.flush()
    except (KeyboardInterrupt, BrokerError) as error:
        reason = str(error) or "interrupted"
        raise CommandError(f"{reason}\n  {replayed.go_on}") from None
    return replayed


def _next_second(moment: datetime) -> datetime:
    """The broker looks up whole seconds; what it took within this one is before its end."""
    return moment.replace(microsecond=0) + timedelta(seconds=1 if moment.microsecond else 0)
