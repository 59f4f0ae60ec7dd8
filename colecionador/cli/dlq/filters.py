"""Which dead letters are meant: the filters that every verb of `augment dlq` takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from colecionador.cli.errors import UsageError
from colecionador.domain.failures import ErrorType
from connectors.rabbitmq.dead_letter import DeadLetterFacts

MessageId = Annotated[str | None, typer.Option("--id", help="The letter of this message id.")]
ErrorTypeName = Annotated[
    str | None, typer.Option("--error-type", help="Letters of this type, e.g. source_missing.")
]
Categoria = Annotated[str | None, typer.Option("--categoria", help="Letters of this categoria.")]
ItemId = Annotated[int | None, typer.Option("--item", min=1, help="Letters of this item.")]
OlderThan = Annotated[
    float | None,
    typer.Option("--older-than", min=0, help="Letters that failed so many seconds ago or earlier."),
]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a letter has to be; None: anything."""

    message_id: str | None
    error_type: str | None
    categoria: str | None
    item_id: int | None
    failed_before: datetime | None

    def match(self, facts: DeadLetterFacts) -> bool:
        """Whether this letter is meant. One whose age is unknown is older than nothing."""
        return (
            self.message_id in (None, facts.message_id)
            and self.error_type in (None, facts.error_type)
            and self.categoria in (None, facts.categoria)
            and self.item_id in (None, facts.item_id)
            and (
                self.failed_before is None
                or (facts.failed_at is not None and facts.failed_at <= self.failed_before)
            )
        )


def make_filters(
    message_id: str | None,
    error_type: str | None,
    categoria: str | None,
    item: int | None,
    older_than: float | None,
) -> Filters:
    """The filters of a command line. Raises `UsageError` for a type that does not exist."""
    if error_type is not None and error_type not in set(ErrorType):
        known = ", ".join(sorted(ErrorType))
        raise UsageError(f'--error-type "{error_type}": there is no such type; one of {known}')
    before = None
    if older_than is not None:
        try:
            before = datetime.now(UTC) - timedelta(seconds=older_than)
        except OverflowError:
            raise UsageError(f"--older-than {older_than:g}: longer than there are dates") from None
    return Filters(message_id, error_type, categoria, item, before)
