"""The port `Ledger` in memory: the same answers as PostgreSQL's, and rows that a test can read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from colecionador.domain.completion import is_completion_of, stored_completion
from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import Item
from colecionador.domain.ports import AlreadyDone, Committed, Recorded, Registered
from colecionador.domain.results import (
    CompletedItem,
    FailedItem,
    Source,
    StoredCompletion,
    StoredVariation,
    Timings,
    VariationResult,
)

Entry = TypeVar("Entry")
Answer = TypeVar("Answer")
Fault = Callable[[str, str], Failure | None]
"""Given the operation and the moment, an outage or None.

Operations: `register`, `commit`, `record`, `probe`, `try`. Moments: `before`
it has any effect, and `after`, when its effect stays but the answer is lost.
"""


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as the ledger has it, with its results and its metrics where it is success."""

    job_id: int
    message_id: str
    item_id: int
    categoria: str
    bucket: str
    object_key: str
    status: str
    attempts: int
    plan_version: str
    source: Source | None = None
    error_type: ErrorType | None = None
    error: str | None = None
    finished_at: datetime | None = None
    completion: StoredCompletion | None = None
    timings: Timings | None = None
    worker: str | None = None


def no_fault(operation: str, moment: str) -> Failure | None:
    """The fault of a ledger that always works."""
    return None


class MemoryLedger:
    """A ledger for tests. `fault` may be replaced at any time to make calls fail as an outage."""

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        fault: Fault = no_fault,
    ) -> None:
        self.fault = fault
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, JobRow] = {}
        self._last_id = 0

    def register(self, items: Sequence[Item], plan_version: str) -> Sequence[Registered | Failure]:
        """Note each item's attempt as `processing`; a job that says `success` is left as it is."""
        return self._answer("register", items, lambda item: self._register(item, plan_version))

    def commit(self, items: Sequence[CompletedItem]) -> Sequence[Committed | AlreadyDone | Failure]:
        """Write all items; where one is done already, say so."""
        return self._answer("commit", items, self._commit)

    def record(
        self, failed: Sequence[tuple[FailedItem, bool]]
    ) -> Sequence[Recorded | AlreadyDone | Failure]:
        """Note failed attempts; the flag says that it was the last one, so the job is `failed`."""
        return self._answer("record", failed, lambda entry: self._record(*entry))

    def probe(self) -> Failure | None:
        """Whatever the fault says."""
        return self.fault("probe", "before")

    def try_writing(self) -> Failure | None:
        """Whatever the fault says."""
        return self.fault("try", "before")

    def jobs(self) -> tuple[JobRow, ...]:
        """Every job, by message id."""
        with self._lock:
            return tuple(row for _, row in sorted(self._jobs.items()))

    def delete(self, message_id: str) -> None:
        """Delete a job with its rows, as an operator may."""
        with self._lock:
            del self._jobs[message_id]

    def dump(self) -> str:
        """Every row as text that reads well in a diff: no job ids, no times.

        Jobs are ordered by message id, the variations of a job as the plan has them.
        """
        return "".join(f"{line}\n" for row in self.jobs() for line in _lines(row))

    def _answer(
        self, operation: str, entries: Sequence[Entry], write: Callable[[Entry], Answer]
    ) -> Sequence[Answer | Failure]:
        before = self.fault(operation, "before")
        if before is not None:
            return [before] * len(entries)
        with self._lock:
            answers = [write(entry) for entry in entries]
        after = self.fault(operation, "after")
        return [after] * len(entries) if after is not None else answers

    def _register(self, item: Item, plan_version: str) -> Registered:
        known = self._jobs.get(item.message_id)
        if known is None or known.completion is None:
            row = self._row(item, plan_version)
            if known is not None:
                row = replace(row, error_type=known.error_type, error=known.error)
            self._jobs[item.message_id] = row
            return Registered(row.job_id)
        if is_completion_of(known.completion, item, plan_version):
            return Registered(known.job_id, known.completion)
        return Registered(known.job_id)

    def _commit(self, completed: CompletedItem) -> Committed | AlreadyDone:
        item, plan_version = completed.item, completed.plan_version
        known = self._jobs.get(item.message_id)
        done = known.completion if known is not None else None
        if done and is_completion_of(done, item, plan_version, completed.source.etag):
            return AlreadyDone(done)
        row = self._row(item, plan_version)
        self._jobs[item.message_id] = replace(
            row,
            status="success",
            source=completed.source,
            finished_at=completed.completed_at,
            completion=stored_completion(completed, row.job_id),
            timings=completed.timings,
            worker=completed.worker,
        )
        return Committed(row.job_id)

    def _record(self, failed: FailedItem, last: bool) -> Recorded | AlreadyDone:
        item, source = failed.item, failed.source
        known = self._jobs.get(item.message_id)
        if known is None or known.completion is None:
            row = self._row(item, failed.plan_version)
            self._jobs[item.message_id] = replace(
                row,
                status="failed" if last else "processing",
                source=source,
                error_type=failed.failure.error_type,
                error=failed.failure.error,
                finished_at=self._clock() if last else None,
            )
            return Recorded(row.job_id)
        etag = source.etag if source else None
        if is_completion_of(known.completion, item, failed.plan_version, etag):
            return AlreadyDone(known.completion)
        return Recorded(known.job_id)

    def _row(self, item: Item, plan_version: str) -> JobRow:
        """A fresh `processing` row of a message, with the id that its job has or gets."""
        known = self._jobs.get(item.message_id)
        if known is None:
            self._last_id += 1
        return JobRow(
            job_id=known.job_id if known is not None else self._last_id,
            message_id=item.message_id,
            item_id=item.item_id,
            categoria=item.categoria,
            bucket=item.bucket,
            object_key=item.object_key,
            status="processing",
            attempts=item.attempt,
            plan_version=plan_version,
        )


def _lines(row: JobRow) -> list[str]:
    words = [f"job {row.message_id}: {row.status}", f"attempts={row.attempts}"]
    words += [f"item={row.item_id}", row.categoria, f"{row.bucket}/{row.object_key}"]
    if row.source is not None:
        words.append(f"source={row.source.md5}")
    if row.completion is not None and row.completion.quality.bad:
        words.append("bad quality")
    if row.error_type is not None:
        words.append(f"{row.error_type}: {row.error}")
    variations = row.completion.variations if row.completion is not None else ()
    return [" ".join(words), *(f"  {_line(variation)}" for variation in variations)]


def _line(variation: VariationResult) -> str:
    if isinstance(variation, StoredVariation):
        place = f"{variation.bucket}/{variation.object_key}"
        return f"{variation.name} stored {place} md5={variation.md5}"
    return f"{variation.name} skipped {variation.error_type}: {variation.error}"
