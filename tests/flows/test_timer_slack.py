"""A worker may be woken late; the threads that do its process's other work may not."""

from __future__ import annotations

import ctypes
import sys
import threading

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource, run_main

from connectors.memory.telemetry import MemoryTelemetry
from flows.timer_slack import SLACK_NS
from flows.workers import WorkerTally

PR_GET_TIMERSLACK = 30


def slack_ns() -> int:
    """Of the calling thread."""
    slack: int = ctypes.CDLL(None).prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0)
    return slack


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2)")
def test_a_worker_may_be_woken_a_millisecond_late_and_nothing_that_was_started_before() -> None:
    usual, seen = slack_ns(), dict[str, int]()

    def start() -> None:
        thread = threading.Thread(target=lambda: seen.update(before=slack_ns()))
        thread.start()
        thread.join()

    def run() -> None:
        flow = Dataflow("slack")
        values = op.input("source", flow, TestingSource([1]))
        looked = op.map("look", values, lambda _: seen.update(worker=slack_ns()))
        op.output("workers", looked, WorkerTally(MemoryTelemetry(), start))
        run_main(flow)

    worker = threading.Thread(target=run)
    worker.start()
    worker.join()
    assert seen == {"before": usual, "worker": SLACK_NS}
    assert slack_ns() == usual
