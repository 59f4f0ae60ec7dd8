"""Poison: one bad photo costs at most one restart, takes nobody along, and is told by itself."""

from __future__ import annotations

import os
import signal

import pytest

from tests.failpoints import ABORT, DEVOUR, HANG, with_failpoints
from tests.fix_faults import Failpoints
from tests.fix_flow import IDLE_SECONDS, Flow, Flows
from tests.fix_messages import Message, message, small_photograph
from tests.fix_service import Service
from tests.invariants import check_invariants

ITEMS = range(1, 17)


@pytest.fixture
def with_faulty_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photographs may now ask their decoder to abort, to hang or to devour memory."""
    monkeypatch.setenv("PYTHONPATH", with_failpoints(dict(os.environ))["PYTHONPATH"])


def submit(service: Service, fates: dict[int, bytes]) -> list[Message]:
    """Sixteen photographs, some of which have a fate."""
    for item_id in ITEMS:
        service.put(item_id, small_photograph(item_id) + fates.get(item_id, b""))
    sent = [message(item_id, f"job-{item_id}") for item_id in ITEMS]
    service.send(sent)
    return sent


def run_as_a_supervisor_does(service: Service, flows: Flows, **settings: object) -> list[Flow]:
    """Start the dataflow anew until it ends well; the runs that it took."""
    runs: list[Flow] = []
    while len(runs) < 6:
        flow = flows.start(service, "-w", "2", exit_when_idle=IDLE_SECONDS, **settings)
        runs.append(flow)
        if flow.exit_code() == 0:
            return runs
    raise AssertionError(f"still dies after {len(runs)} runs:\n{runs[-1].tail()}")


@pytest.mark.usefixtures("with_faulty_decoders")
@pytest.mark.parametrize("guilty", [(6,), (2, 9, 16)], ids=["one", "three"])
def test_a_photo_whose_decoder_aborts_takes_no_neighbour_along(
    service: Service, flows: Flows, guilty: tuple[int, ...]
) -> None:
    sent = submit(service, dict.fromkeys(guilty, ABORT))
    runs = run_as_a_supervisor_does(service, flows)
    assert len(runs) - 1 <= len(guilty)
    assert all(run.exit_code() == -signal.SIGABRT for run in runs[:-1])
    books = check_invariants(service, sent)
    assert {letter.message_id for letter in books.dead_letters} == {
        f"job-{item_id}" for item_id in guilty
    }
    for letter in books.dead_letters:
        assert letter.headers["x-error-type"] == "poison"
        assert "signal 6 (SIGABRT)" in letter.headers["x-error"]
    assert len(books.successes) == len(ITEMS) - len(guilty)


@pytest.mark.usefixtures("with_faulty_decoders")
def test_a_photo_whose_decoder_hangs_costs_one_restart_and_is_told_by_itself(
    service: Service, flows: Flows
) -> None:
    sent = submit(service, {3: HANG})
    runs = run_as_a_supervisor_does(service, flows, render_seconds=1.5)
    assert len(runs) == 2
    assert "a photo has been computing" in runs[0].tail()
    books = check_invariants(service, sent)
    (letter,) = books.dead_letters
    assert (letter.message_id, letter.headers["x-error-type"]) == ("job-3", "poison")
    assert "did not end in time" in letter.headers["x-error"]


def test_a_suspect_that_devours_memory_ends_in_its_child_and_the_service_lives_on(
    service: Service, flows: Flows, failpoints: Failpoints
) -> None:
    # A first process dies before anything is committed: all that it holds are suspects then.
    sent = submit(service, {})
    failpoints.kill_at("before_commit")
    assert flows.start(service, prefetch=16, lanes=1).exit_code() == -signal.SIGKILL
    failpoints.kill_at(None)
    service.put(16, small_photograph(16) + DEVOUR)
    assert len(run_as_a_supervisor_does(service, flows, prefetch=16, lanes=1)) == 1
    books = check_invariants(service, sent)
    (letter,) = books.dead_letters
    assert (letter.message_id, letter.headers["x-error-type"]) == ("job-16", "poison")
    assert "memory" in letter.headers["x-error"]


def test_after_an_ordinary_crash_every_suspect_succeeds(service: Service, flows: Flows) -> None:
    sent = submit(service, {})
    flow = flows.start(service, "-w", "2")
    flow.wait_for("Item processed")
    flow.kill()
    assert len(run_as_a_supervisor_does(service, flows)) == 1
    assert check_invariants(service, sent).dead_letters == []
