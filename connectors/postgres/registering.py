"""Registering: every item of a batch is noted as `processing`, in one statement."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg.rows import TupleRow

from colecionador.domain.completion import is_completion_of
from colecionador.domain.messages import Item
from colecionador.domain.ports import Registered
from connectors.postgres.completions import load_completions
from connectors.postgres.message_columns import message_columns
from connectors.postgres.rows_as_json import as_json

# A new attempt begins with nothing known of its source. Its last error stays: it says why.
_UPSERT = """
INSERT INTO augmentation_jobs AS job (
    message_id, item_id, categoria, bucket, object_key, attempts, plan_version, status, started_at
)
SELECT *, %s, 'processing', now() FROM json_to_recordset(%s::json) AS new (
    message_id text, item_id bigint, categoria text, bucket text, object_key text,
    attempts integer
)
ON CONFLICT (message_id) DO UPDATE SET
    item_id = excluded.item_id, categoria = excluded.categoria, bucket = excluded.bucket,
    object_key = excluded.object_key, attempts = excluded.attempts,
    plan_version = excluded.plan_version, status = excluded.status,
    started_at = excluded.started_at, finished_at = NULL,
    source_md5 = NULL, source_etag = NULL, source_width = NULL, source_height = NULL,
    source_bytes = NULL
WHERE job.status <> 'success'
RETURNING message_id, id
"""


def register_items(
    connection: psycopg.Connection[TupleRow], items: Sequence[Item], plan_version: str
) -> list[Registered]:
    """Register items of distinct messages, in order. A job that says `success` is left alone."""
    rows = as_json([message_columns(item) for item in items])
    ids: dict[str, int] = dict(connection.execute(_UPSERT, [plan_version, rows]).fetchall())
    done = [item.message_id for item in items if item.message_id not in ids]
    completions = load_completions(connection, done)
    answers = []
    for item in items:
        completion = completions.get(item.message_id)
        if completion is None:
            answers.append(Registered(ids[item.message_id]))
        elif is_completion_of(completion, item, plan_version):
            answers.append(Registered(completion.job_id, completion))
        else:
            answers.append(Registered(completion.job_id))
    return answers
