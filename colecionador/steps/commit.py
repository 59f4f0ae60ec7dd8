"""The commit step: the outcome becomes durable, and says how the delivery is to be settled."""

from __future__ import annotations

import time
from dataclasses import dataclass

from colecionador.domain.completion import (
    completion_body,
    completion_message_id,
    stored_completion,
)
from colecionador.domain.events import AttemptFailed, Stage, StageTimed, VariationsCommitted
from colecionador.domain.failures import Failure, internal_failure
from colecionador.domain.messages import Item
from colecionador.domain.ports import AlreadyDone, Committed, Recorded, Telemetry
from colecionador.domain.results import CompletedItem, DuplicateItem, FailedItem, StoredCompletion
from colecionador.domain.settlements import (
    Completion,
    DeadLetter,
    Outcome,
    Settlement,
    Subject,
    settle_failure,
)
from colecionador.steps.batching import Batcher
from colecionador.steps.outages import DATABASE_TRIES, OutageWatch, Probe
from colecionador.steps.stale import GivenUp, IsStale


@dataclass(frozen=True, slots=True)
class Commit:
    """The step, with all that it works on."""

    commits: Batcher[CompletedItem, Committed | AlreadyDone | Failure]
    records: Batcher[tuple[FailedItem, bool], Recorded | AlreadyDone | Failure]
    database_watch: OutageWatch
    trial: Probe
    """Whether the database takes writes."""
    retry_delays: tuple[float, ...]
    telemetry: Telemetry
    is_stale: IsStale

    async def __call__(self, outcome: CompletedItem | FailedItem | DuplicateItem) -> Settlement:
        """How to settle the delivery, once its outcome is in the database.

        The failure of a stale delivery is not recorded: its redelivery may be succeeding.
        """
        match outcome:
            case CompletedItem():
                return await self._commit(outcome)
            case FailedItem():
                return await self._record(outcome)
            case DuplicateItem():
                return _duplicate(outcome.item, outcome.completion)

    def caught(
        self, outcome: CompletedItem | FailedItem | DuplicateItem, error: Exception
    ) -> Settlement | None:
        """The settlement of an outcome that could not be recorded; nothing for work given up."""
        if isinstance(error, GivenUp):
            return None
        failed = FailedItem(outcome.item, internal_failure(error), "")
        self.telemetry.emit(
            AttemptFailed(failed.item, failed.failure, None, failed.failure.traceback)
        )
        return settle_failure(failed, _subject(outcome.item, None, None), self.retry_delays)

    async def _commit(self, completed: CompletedItem) -> Settlement:
        started = time.perf_counter()
        answer = await self.database_watch.call(
            lambda: self.commits.submit(completed), tries=DATABASE_TRIES, trial=self.trial
        )
        match answer:
            case Committed():
                self._tell(completed, answer.job_id, time.perf_counter() - started)
                completion = stored_completion(completed, answer.job_id)
                return _complete(completed.item, completion, Outcome.SUCCESS, completed.worker)
            case AlreadyDone():
                return _duplicate(completed.item, answer.completion)
            case Failure():
                return await self._record(_failed(completed, answer))

    def _tell(self, completed: CompletedItem, job_id: int, seconds: float) -> None:
        item = completed.item
        self.telemetry.emit(StageTimed(Stage.COMMIT, seconds, item))
        self.telemetry.emit(
            VariationsCommitted(completed.variations, item, job_id, completed.worker)
        )

    async def _record(self, failed: FailedItem) -> Settlement:
        settlement = settle_failure(
            failed, _subject(failed.item, None, failed.worker), self.retry_delays
        )
        final = isinstance(settlement, DeadLetter)
        answer = await self.database_watch.call(
            lambda: self.records.submit((failed, final)),
            tries=DATABASE_TRIES,
            trial=self.trial,
            is_wanted=lambda: not self.is_stale(failed.item.delivery),
        )
        if isinstance(answer, AlreadyDone):
            return _duplicate(failed.item, answer.completion)
        job_id = answer.job_id if isinstance(answer, Recorded) else None
        failure = failed.failure
        self.telemetry.emit(
            AttemptFailed(failed.item, failure, failed.worker, failure.traceback, job_id)
        )
        if isinstance(answer, Recorded):
            subject = _subject(failed.item, job_id, failed.worker)
            return settle_failure(failed, subject, self.retry_delays)
        return settlement


def _failed(completed: CompletedItem, failure: Failure) -> FailedItem:
    return FailedItem(
        completed.item, failure, completed.plan_version, completed.source, completed.worker
    )


def _duplicate(item: Item, completion: StoredCompletion) -> Completion:
    return _complete(item, completion, Outcome.DUPLICATE, None)


def _complete(
    item: Item, completion: StoredCompletion, outcome: Outcome, worker: str | None
) -> Completion:
    return Completion(
        delivery=item.delivery,
        subject=_subject(item, completion.job_id, worker),
        outcome=outcome,
        message_id=completion_message_id(item.message_id, completion),
        body=completion_body(completion),
        bad_quality=completion.quality.bad,
    )


def _subject(item: Item, job_id: int | None, worker: str | None) -> Subject:
    return Subject(
        message_id=item.message_id,
        attempt=item.attempt,
        categoria=item.categoria,
        delivered_at=item.delivered_at,
        item_id=item.item_id,
        job_id=job_id,
        worker=worker,
    )
