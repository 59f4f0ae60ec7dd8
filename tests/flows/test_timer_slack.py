"""Bytewax's threads may be woken late; those that do a process's other work may not."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import threading

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource, run_main

from connectors.memory.telemetry import MemoryTelemetry
from flows.timer_slack import MAIN_SLACK_NS, WORKER_SLACK_NS
from flows.workers import WorkerTally

PR_GET_TIMERSLACK = 30

PRODUCTION = """
import json, os, threading
from flows.production import production_wiring
from tests.flows.test_timer_slack import slack_ns

usual, started = slack_ns(), set()
start = threading.Thread.start

def noted(thread):
    started.add(slack_ns())
    start(thread)

threading.Thread.start = noted
production_wiring()
print(json.dumps([usual, sorted(started), slack_ns()]), flush=True)
os._exit(0)
"""


def slack_ns() -> int:
    """Of the calling thread."""
    slack: int = ctypes.CDLL(None).prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0)
    return slack


LINUX_ALONE = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2)")


@LINUX_ALONE
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
    assert seen == {"before": usual, "worker": WORKER_SLACK_NS}
    assert slack_ns() == usual


@LINUX_ALONE
def test_the_main_thread_may_be_woken_late_and_no_thread_that_it_has_started() -> None:
    command = (sys.executable, "-c", PRODUCTION)
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    usual, started, main = json.loads(done.stdout)
    assert started == [usual]
    assert main == MAIN_SLACK_NS
