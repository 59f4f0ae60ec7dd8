"""What a step has ended with, as a queue that a test can wait at."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any, TypeVar

from colecionador.steps.tasks import Step, run

T = TypeVar("T")


def ended(step: Step[T], into: SimpleQueue[Any] | None = None) -> SimpleQueue[Any]:
    """Start a step; its value, or the exception that left it, will be in the queue."""
    queue: SimpleQueue[Any] = SimpleQueue() if into is None else into

    def put(outcome: object) -> None:
        queue.put(outcome)

    run(step, put, put)
    return queue
