"""The port `Ledger` on PostgreSQL.

```
register ─► INSERT … ON CONFLICT DO UPDATE, one statement for the batch
commit   ─► INSERT … ON CONFLICT DO UPDATE, results and metrics: one statement for the batch
record   ─► INSERT … ON CONFLICT DO UPDATE, one statement for the batch
```
The message id is the identity: no write trusts that a row seen before is still there, and every
write may be repeated, so a connection lost in the middle of a COMMIT is no question to answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow
from psycopg_pool import PoolTimeout

from colecionador.domain.events import Dependency, DependencyCalled
from colecionador.domain.failures import Failure, Kind
from colecionador.domain.messages import Item
from colecionador.domain.ports import AlreadyDone, Committed, Recorded, Registered, Telemetry
from colecionador.domain.results import CompletedItem, FailedItem
from connectors.postgres.committing import commit_items
from connectors.postgres.outages import (
    DATA_ERRORS,
    bad_data,
    is_conflict,
    is_lost_connection,
    unavailable,
)
from connectors.postgres.pool import NoAnswer, Pool, connect
from connectors.postgres.recording import record_failures
from connectors.postgres.registering import register_items
from connectors.postgres.trial import try_rows
from connectors.postgres.waves import waves

CONFLICT_TRIES = 5
CONNECTION_TRIES = 2
BUSY_TRIES = 6
"""A minute in which all connections are busy and the server answers: somebody holds them long."""
PROBE_SECONDS = 3
"""A server that takes longer to connect, or to answer, is none to work with now."""

# Fails where a table or a right is missing and where the server takes no writes; touches no row.
_PROBE = """
WITH jobs AS (UPDATE augmentation_jobs SET status = status WHERE false),
     results AS (DELETE FROM augmentation_results WHERE false)
DELETE FROM augmentation_metrics WHERE false
"""

Entry = TypeVar("Entry")
Answer = TypeVar("Answer")
Write = Callable[[psycopg.Connection[TupleRow], Sequence[Entry]], Sequence[Answer]]


class PostgresLedger:
    """The ledger of one process. Connects when it is first used; `close` it at the end."""

    def __init__(self, database_url: str, pool_size: int, telemetry: Telemetry) -> None:
        self._database_url = database_url
        self._pool = Pool(database_url, pool_size)
        self._telemetry = telemetry

    def register(self, items: Sequence[Item], plan_version: str) -> Sequence[Registered | Failure]:
        """Note each item's attempt as `processing`; a job that says `success` is left as it is."""
        return self._answer(
            "register",
            [item.message_id for item in items],
            items,
            lambda connection, batch: register_items(connection, batch, plan_version),
        )

    def commit(self, items: Sequence[CompletedItem]) -> Sequence[Committed | AlreadyDone | Failure]:
        """Write all items at once; where their data fails it, each by itself."""
        return self._answer("commit", [item.item.message_id for item in items], items, commit_items)

    def record(
        self, failed: Sequence[tuple[FailedItem, bool]]
    ) -> Sequence[Recorded | AlreadyDone | Failure]:
        """Note failed attempts; the flag says that it was the last one, so the job is `failed`."""
        return self._answer(
            "record", [each.item.message_id for each, _ in failed], failed, record_failures
        )

    def probe(self) -> Failure | None:
        """One statement on a fresh connection that fails where the three writes would."""
        return self._ask("probe", lambda connection: connection.execute(_PROBE))

    def try_writing(self) -> Failure | None:
        """As many rows as a commit writes, on a fresh connection, and rolled back."""
        return self._ask("try", try_rows)

    def close(self) -> None:
        """Close every connection; the ledger cannot be used again."""
        self._pool.close()

    def _ask(
        self, operation: str, question: Callable[[psycopg.Connection[TupleRow]], object]
    ) -> Failure | None:
        started = time.perf_counter()
        succeeded = False
        try:
            with connect(self._database_url, PROBE_SECONDS) as connection:
                question(connection)
            succeeded = True
        except psycopg.Error as error:
            return unavailable(error)
        finally:
            self._tell(operation, started, succeeded)
        return None

    def _answer(
        self,
        operation: str,
        message_ids: Sequence[str],
        entries: Sequence[Entry],
        write: Write[Entry, Answer],
    ) -> Sequence[Answer | Failure]:
        started = time.perf_counter()
        answers: dict[int, Answer | Failure] = {}
        try:
            for wave in waves(message_ids):
                batch = [entries[position] for position in wave]
                answers.update(zip(wave, self._write(batch, write), strict=True))
        finally:
            down = (_is_outage(answer) for answer in answers.values())
            self._tell(operation, started, len(answers) == len(entries) and not any(down))
        return [answers[position] for position in range(len(entries))]

    def _write(
        self, batch: Sequence[Entry], write: Write[Entry, Answer]
    ) -> Sequence[Answer | Failure]:
        """Together; where somebody's data fails the batch, one by one."""
        try:
            return self._try_at_once(batch, write)
        except DATA_ERRORS as error:
            if len(batch) == 1:
                return [bad_data(error)]
            return [answer for entry in batch for answer in self._write([entry], write)]
        except PoolTimeout as error:
            return [self.probe() or unavailable(error)] * len(batch)
        except errors.QueryCanceled as error:
            # Somebody holds a lock: on one row, whose neighbours can do without it, or on all.
            if len(batch) == 1 or self.try_writing() is not None:
                return [unavailable(error)] * len(batch)
            return [answer for entry in batch for answer in self._write([entry], write)]
        except psycopg.Error as error:
            return [unavailable(error)] * len(batch)

    def _try_at_once(self, batch: Sequence[Entry], write: Write[Entry, Answer]) -> Sequence[Answer]:
        """Again without delay after a conflict, and on a fresh connection after a lost one.

        Where all connections are busy with other calls it waits, as long as the server answers.
        """
        conflicts = losses = waits = 0
        while True:
            try:
                with self._pool.connection() as connection:
                    return write(connection, batch)
            except PoolTimeout:
                waits += 1
                if waits >= BUSY_TRIES or self.probe() is not None:
                    raise
            except NoAnswer:
                self._pool.distrust()
                raise
            except psycopg.Error as error:
                conflicts += is_conflict(error)
                losses += is_lost_connection(error)
                hopeless = not (is_conflict(error) or is_lost_connection(error))
                if hopeless or conflicts >= CONFLICT_TRIES or losses >= CONNECTION_TRIES:
                    raise

    def _tell(self, operation: str, started: float, succeeded: bool) -> None:
        seconds = time.perf_counter() - started
        self._telemetry.emit(DependencyCalled(Dependency.POSTGRES, operation, seconds, succeeded))


def _is_outage(answer: object) -> bool:
    return isinstance(answer, Failure) and answer.kind is Kind.OUTAGE
