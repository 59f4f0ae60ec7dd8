"""The ledger in memory and PostgreSQL's agree, whatever is asked of them in whatever order."""

from __future__ import annotations

from typing import TypeVar

import psycopg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from colecionador.domain.failures import ErrorType
from colecionador.domain.results import VariationResult
from connectors.memory.ledger import JobRow, MemoryLedger
from connectors.postgres.ledger import PostgresLedger
from tests.conformance.ledger_items import a_completed, a_failed, an_item, skipped, stored

Entry = TypeVar("Entry")
MESSAGES = ("m-1", "m-2", "m-3")
ITEMS = st.builds(
    an_item,
    st.sampled_from(MESSAGES),
    attempt=st.integers(1, 3),
    item_id=st.sampled_from((7, 8)),
    object_key=st.sampled_from(("originals/7.jpg", "originals/8.jpg")),
)
PLANS = st.sampled_from(("plan-1", "plan-2"))
ETAGS = st.sampled_from(("etag-1", "etag-2"))
CHOICES: tuple[VariationResult, ...] = (
    stored("rotate_90"),
    stored("blur"),
    skipped("clahe"),
    stored("zoom_in"),
)
VARIATIONS = st.lists(st.sampled_from(CHOICES), unique=True)
COMPLETED = st.builds(a_completed, ITEMS, etag=ETAGS, plan_version=PLANS, variations=VARIATIONS)
FAILED = st.builds(
    a_failed,
    ITEMS,
    plan_version=PLANS,
    etag=st.none() | ETAGS,
    error_type=st.sampled_from((ErrorType.SOURCE_MISSING, ErrorType.CORRUPT_IMAGE)),
)


def batches_of(entries: st.SearchStrategy[Entry]) -> st.SearchStrategy[list[Entry]]:
    return st.lists(entries, min_size=1, max_size=3)


ROWS = """
SELECT job.message_id, item_id, categoria, job.bucket, job.object_key, job.status, attempts,
       plan_version, source_etag, job.error_type, job.error, finished_at IS NOT NULL,
       array_remove(array_agg(variation ORDER BY position), NULL), worker
FROM augmentation_jobs AS job
LEFT JOIN augmentation_results AS result ON result.job_id = job.id
LEFT JOIN augmentation_metrics AS metrics ON metrics.job_id = job.id
GROUP BY job.id, worker ORDER BY job.message_id
"""


def in_words(answers: object) -> list[str]:
    """Answers without what two ledgers need not share: the numbers of their jobs."""
    assert isinstance(answers, list)
    words = []
    for answer in answers:
        completion = getattr(answer, "completed", None) or getattr(answer, "completion", None)
        fields = completion and [
            (name, getattr(completion, name)) for name in completion.__slots__ if name != "job_id"
        ]
        words.append(f"{type(answer).__name__} {fields}")
    return words


def remembered(row: JobRow) -> tuple[object, ...]:
    """A job in memory, as `ROWS` reads one from PostgreSQL."""
    variations = row.completion.variations if row.completion else ()
    return (
        row.message_id,
        row.item_id,
        row.categoria,
        row.bucket,
        row.object_key,
        row.status,
        row.attempts,
        row.plan_version,
        row.source.etag if row.source else None,
        row.error_type,
        row.error,
        row.finished_at is not None,
        [variation.name for variation in variations],
        row.worker,
    )


def test_memory_and_postgresql_agree_over_any_sequence_of_calls(
    postgres_ledger: PostgresLedger, session: psycopg.Connection
) -> None:
    class Ledgers(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.memory = MemoryLedger()
            session.execute("TRUNCATE augmentation_jobs CASCADE")

        @rule(batch=batches_of(ITEMS), plan=PLANS)
        def register(self, batch: list[object], plan: str) -> None:
            self.agree("register", batch, plan)

        @rule(batch=batches_of(COMPLETED))
        def commit(self, batch: list[object]) -> None:
            self.agree("commit", batch)

        @rule(batch=batches_of(st.tuples(FAILED, st.booleans())))
        def record(self, batch: list[object]) -> None:
            self.agree("record", batch)

        @rule(message_id=st.sampled_from(MESSAGES))
        def delete(self, message_id: str) -> None:
            if any(row.message_id == message_id for row in self.memory.jobs()):
                self.memory.delete(message_id)
            session.execute("DELETE FROM augmentation_jobs WHERE message_id = %s", [message_id])

        @invariant()
        def rows_are_the_same(self) -> None:
            assert session.execute(ROWS).fetchall() == [
                remembered(row) for row in self.memory.jobs()
            ]

        def agree(self, operation: str, *arguments: object) -> None:
            ours = getattr(self.memory, operation)(*arguments)
            theirs = getattr(postgres_ledger, operation)(*arguments)
            assert in_words(theirs) == in_words(ours)

    run_state_machine_as_test(
        Ledgers,
        settings=settings(
            max_examples=40,
            stateful_step_count=10,
            deadline=None,
            # To shrink a failure over a real server takes minutes; the sequences are short anyway.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
