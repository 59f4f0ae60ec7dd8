"""Walking through the dead letters: those that the filters mean, in the order of the queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from colecionador.cli.dlq.filters import Filters
from colecionador.cli.errors import CommandError
from colecionador.domain.messages import Item, parse_message
from colecionador.domain.settings import Settings
from connectors.postgres.poisoned import PoisonedJobs
from connectors.rabbitmq.dead_letter import HeldLetter
from connectors.rabbitmq.dead_letters import DeadLetters, open_dead_letters
from connectors.rabbitmq.parameters import BrokerError


@dataclass(frozen=True, slots=True)
class Walk:
    """The queue, with everything that a verb does to a letter."""

    queue: DeadLetters
    settings: Settings
    filters: Filters
    jobs: PoisonedJobs

    def letters(self) -> Iterator[HeldLetter]:
        """The letters that are meant. The job of each one that the broker moved is marked failed.

        Before anything else happens to it: a letter that is sent back may be at work at once.
        """
        for letter in self.queue.letters():
            if letter.facts.moved_by_broker:
                self._mark(letter)
            if self.filters.match(letter.facts):
                yield letter

    def _mark(self, letter: HeldLetter) -> None:
        item = parse_message(
            letter.original.delivery,
            default_bucket=self.settings.source_bucket,
            allowed_buckets=self.settings.readable_buckets,
        )
        if isinstance(item, Item):
            self.jobs.mark(item, letter.facts.error)


@contextmanager
def walk(settings: Settings, filters: Filters) -> Iterator[Walk]:
    """The dead letters for the length of a `with`. Raises `CommandError`."""
    jobs = PoisonedJobs(settings.database_url.get_secret_value())
    try:
        with open_dead_letters(settings) as queue:
            yield Walk(queue, settings, filters, jobs)
    except BrokerError as error:
        raise CommandError(str(error)) from None
    finally:
        jobs.close()


def conclude(walked: Walk) -> None:
    """End with a `CommandError` where something beside the queue could not be done."""
    if walked.jobs.problem is not None:
        raise CommandError(
            "jobs of letters that the broker moved could not be marked as failed: "
            f"{walked.jobs.problem.error}"
        )
