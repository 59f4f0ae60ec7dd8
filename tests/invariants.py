"""The design's guarantees about what is left behind, checked from outside, over all three servers.

One function for every test that breaks something: whatever happened, this holds afterwards.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tests.fix_messages import Message
from tests.fix_service import Row, Service

THE_NINE = frozenset(
    {
        *("rotate_90", "rotate_180", "rotate_270", "flip_horizontal", "flip_vertical"),
        *("brightness", "contrast", "blur", "clahe"),
    }
)


@dataclass(frozen=True, slots=True)
class Books:
    """What a service has to show for its inputs."""

    jobs: list[Row]
    results: list[Row]
    metrics: list[Row]
    completions: list[Message]
    dead_letters: list[Message]

    @property
    def successes(self) -> dict[str, Row]:
        """The jobs that say `success`, by message id."""
        return {row["message_id"]: row for row in self.jobs if row["status"] == "success"}

    def results_of(self, job: Row) -> list[Row]:
        """A job's results."""
        return [row for row in self.results if row["job_id"] == job["id"]]


def read_books(service: Service) -> Books:
    """Everything, as it is now."""
    return Books(
        jobs=service.rows("augmentation_jobs"),
        results=service.rows("augmentation_results"),
        metrics=service.rows("augmentation_metrics"),
        completions=service.completions(),
        dead_letters=service.dead_letters(),
    )


def check_invariants(service: Service, sent: Sequence[Message]) -> Books:
    """Check that of everything sent nothing is lost, half done, doubled or left over.

    For a service whose processes have ended with no work left. Returns what was read.
    """
    assert service.waiting() == 0, "messages are left"
    books = read_books(service)
    check_no_half_item(service, books)
    letters = Counter(letter.message_id for letter in books.dead_letters)
    for message_id in {message.message_id for message in sent}:
        succeeded = message_id in books.successes
        assert succeeded + letters[message_id] == 1, (
            f"message {message_id} has {'a' if succeeded else 'no'} success "
            f"and {letters[message_id]} dead letters"
        )
    return books


def check_no_half_item(service: Service, books: Books) -> None:
    """Check what holds at every moment: rows, objects and completions of each job agree."""
    message_ids = Counter(row["message_id"] for row in books.jobs)
    assert [each for each, count in message_ids.items() if count > 1] == []
    done = {row["id"] for row in books.successes.values()}
    assert {row["job_id"] for row in books.results} <= done, "results of a job that is no success"
    assert {row["job_id"] for row in books.metrics} == done, "not one metrics row a success"
    for job in books.successes.values():
        names = {row["variation"] for row in books.results_of(job)}
        assert names >= THE_NINE, f"job {job['id']} has only {sorted(names)}"
    _check_objects(service, books)
    _check_completions(books)


def _check_objects(service: Service, books: Books) -> None:
    stored = [row for row in books.results if row["status"] == "stored"]
    named = {(row["bucket"], row["object_key"]): row["md5"] for row in stored}
    assert len(named) == len(stored), "two rows name one object"
    assert service.md5_of_objects(named) == named


def _check_completions(books: Books) -> None:
    ids: dict[tuple[str | None, str, str], set[str | None]] = defaultdict(set)
    for completion in books.completions:
        properties, body = completion.properties, completion.fields
        assert properties is not None
        assert properties.content_type == "application/json"
        assert properties.type == "augmentation.completed"
        assert properties.delivery_mode == 2
        assert UUID(completion.message_id).version == 5
        work = (properties.correlation_id, body["source"]["md5"], body["planVersion"])
        ids[work].add(completion.message_id)
    assert all(len(each) == 1 for each in ids.values()), "a re-publish has another id"
    assert len(set().union(*ids.values())) == len(ids), "two completions share an id"
    for message_id, job in books.successes.items():
        mine = (message_id, job["source_md5"], job["plan_version"])
        assert mine in ids, f"no completion of {message_id}"
        _check_last_completion(books, job, mine)


def _check_last_completion(books: Books, job: Row, work: tuple[str, str, str]) -> None:
    """The completion of a job says what its rows say."""
    bodies = [
        each.fields
        for each in books.completions
        if each.properties is not None
        and (each.properties.correlation_id, each.fields["source"]["md5"]) == work[:2]
    ]
    body = bodies[-1]
    results = books.results_of(job)
    assert (body["jobId"], body["itemId"], body["attempts"]) == (
        job["id"],
        job["item_id"],
        job["attempts"],
    )
    told = {each["name"]: (each["objectKey"], each["md5"]) for each in body["variations"]}
    assert told == {
        row["variation"]: (row["object_key"], row["md5"])
        for row in results
        if row["status"] == "stored"
    }
    skipped = {row["variation"] for row in results if row["status"] == "skipped"}
    assert {each["name"] for each in body["skipped"]} == skipped
