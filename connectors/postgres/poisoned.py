"""Jobs whose message the broker moved to the dead letters itself: nobody else marks them failed."""

from __future__ import annotations

import psycopg

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import Item
from connectors.postgres.outages import DATA_ERRORS, bad_data, unavailable
from connectors.postgres.pool import BoundedConnection, connect
from connectors.postgres.text import storable

# A message that ended its process before it was registered has no job yet; a job that failed
# since, or succeeded, knows better.
_MARK = """
INSERT INTO augmentation_jobs AS job (
    message_id, item_id, categoria, bucket, object_key, attempts, status, error_type, error,
    failed_at, finished_at
)
VALUES (%s, %s, %s, %s, %s, %s, 'failed', %s, %s, now(), now())
ON CONFLICT (message_id) DO UPDATE SET
    status = excluded.status, attempts = excluded.attempts, error_type = excluded.error_type,
    error = excluded.error, failed_at = excluded.failed_at, finished_at = excluded.finished_at
WHERE job.status = 'processing'
"""


class PoisonedJobs:
    """Marks jobs as failed by `poison`, one by one. Connects when it is first needed."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._connection: BoundedConnection | None = None
        self.problem: Failure | None = None
        """Why jobs could not be marked. After the first such failure no more is tried."""

    def mark(self, item: Item, error: str) -> None:
        """Mark the item's job as failed, where it says that somebody still works on it."""
        if self.problem is not None:
            return
        try:
            if self._connection is None:
                self._connection = connect(self._database_url)
            self._connection.execute(
                _MARK,
                [
                    item.message_id,
                    item.item_id,
                    item.categoria,
                    item.bucket,
                    item.object_key,
                    item.attempt,
                    ErrorType.POISON.value,
                    storable(error),
                ],
            )
        except DATA_ERRORS as error_of_row:
            self.problem = bad_data(error_of_row)
        except psycopg.Error as error_of_server:
            self.problem = unavailable(error_of_server)

    def close(self) -> None:
        """Close the connection, where there is one."""
        if self._connection is not None:
            self._connection.close()
