"""Forty messages in, everything out: in one process, with two workers, and in a cluster."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox import Sandbox
from tests.fix_flow import IDLE_SECONDS, RUN, TESTING, Flows
from tests.fix_messages import CATEGORIAS
from tests.fix_service import Service, delete_queues_of, new_service
from tests.invariants import Books, check_invariants

ITEMS = range(1, 41)
RANGE_SIZE = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended, and what it left behind."""

    exit_code: int
    workers: int
    service: Service
    books: Books


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((1, *RUN, "-w", "1"), id="-w 1"),
        pytest.param((2, *RUN, "-w", "2"), id="-w 2"),
        pytest.param((4, *TESTING, "-w", "2", "-p", "2"), id="-w 2 -p 2"),
    ],
)
def run(request: pytest.FixtureRequest, servers: Sandbox) -> Iterator[Run]:
    """Forty items over four categorias, run to their end."""
    workers, *module = request.param
    service, flows = new_service(servers), Flows()
    try:
        sent = service.submit(ITEMS)
        flow = flows.start_module(
            service, *module, exit_when_idle=IDLE_SECONDS, range_size=RANGE_SIZE
        )
        exit_code = flow.exit_code()
        yield Run(exit_code, workers, service, check_invariants(service, sent))
    finally:
        flows.close()
        delete_queues_of(service)


def test_the_process_ends_with_zero_when_no_work_is_left(run: Run) -> None:
    assert run.exit_code == 0


def test_every_item_becomes_a_success_with_its_nine_variations_and_one_completion(
    run: Run,
) -> None:
    books = run.books
    assert len(books.successes) == len(books.jobs) == 40
    assert Counter(row["categoria"] for row in books.jobs) == dict.fromkeys(CATEGORIAS, 10)
    assert len(books.results) == 360
    assert {row["status"] for row in books.results} == {"stored"}
    assert len(books.metrics) == 40
    assert len(books.completions) == 40
    assert books.dead_letters == []


def test_every_queue_is_empty_afterwards(run: Run) -> None:
    service = run.service
    for queue in (service.queue, *service.wait_rooms, service.dead_letter_queue):
        assert service.ready(queue) == 0


def test_every_object_of_the_bucket_is_one_that_a_row_names(run: Run) -> None:
    bucket = run.service.environment["AUGMENT_TRAINING_BUCKET"]
    objects = {each.object_name for each in run.service.store().list_objects(bucket, "", True)}
    assert objects == {row["object_key"] for row in run.books.results}
    assert len(objects) == 360


def test_the_work_is_spread_over_all_workers_and_a_range_stays_on_one(run: Run) -> None:
    items = {row["id"]: row["item_id"] for row in run.books.jobs}
    workers_of_range = defaultdict(set)
    for row in run.books.metrics:
        workers_of_range[(items[row["job_id"]] - 1) // RANGE_SIZE].add(row["worker"])
    assert all(len(workers) == 1 for workers in workers_of_range.values())
    assert len(set.union(*workers_of_range.values())) == run.workers
