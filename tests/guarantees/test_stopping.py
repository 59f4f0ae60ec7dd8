"""Stopping: what is held is finished, the rest stays in the queue, every process ends with 0."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import psutil
import pytest

from tests.fix_flow import TESTING, Flows, cluster_addresses
from tests.fix_messages import Message, source_key
from tests.fix_s3_faults import faulty_s3
from tests.fix_service import Service, wait_until
from tests.invariants import check_invariants, check_no_half_item, read_books

ITEMS = range(1, 61)
DRAIN_SECONDS = 25


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_told_to_stop_finishes_what_it_holds_and_ends_with_zero(
    service: Service, flows: Flows, number: signal.Signals
) -> None:
    sent = service.submit(ITEMS)
    flow = flows.start(service, "-w", "2")
    flow.wait_for("Item processed", count=3)
    flow.signal(number)
    assert flow.exit_code(DRAIN_SECONDS) == 0, flow.tail()
    _check_stopped_in_the_middle(service, sent)
    _check_finished_by_another_run(service, flows, sent)


@pytest.mark.parametrize("told", [(0, 1), (0,), (1,)], ids=["both", "the first", "the second"])
def test_a_cluster_of_which_processes_are_told_to_stop_drains_and_ends_as_one(
    service: Service, flows: Flows, told: tuple[int, ...]
) -> None:
    sent = service.submit(ITEMS)
    cluster = flows.start_cluster(service, 2)
    for flow in cluster:
        flow.wait_for("Item processed", count=2)
    for index in told:
        cluster[index].terminate()
    for flow in cluster:
        assert flow.exit_code(DRAIN_SECONDS) == 0, flow.tail()
    _check_stopped_in_the_middle(service, sent)
    _check_finished_by_another_run(service, flows, sent)


def test_work_that_is_not_done_by_the_deadline_of_a_drain_goes_back_to_the_queue(
    service: Service, flows: Flows
) -> None:
    with faulty_s3(service.environment["AUGMENT_S3_ENDPOINT"]) as faults:
        faults.silent.add(source_key(1))
        sent = service.submit([1])
        flow = flows.start(service, s3_endpoint=faults.endpoint, drain_seconds=0.5)
        wait_until(lambda: faults.silences == 1, "the source was never asked for")
        flow.terminate()
        assert flow.exit_code(DRAIN_SECONDS) == 0, flow.tail()
    assert service.waiting() == 1
    assert service.jobs("success") == 0
    _check_finished_by_another_run(service, flows, sent)


def test_a_process_that_waits_for_its_peer_ends_at_once_when_told_to_stop(
    service: Service, flows: Flows
) -> None:
    addresses = cluster_addresses(2)
    port = int(addresses.split(";")[0].rpartition(":")[2])
    flow = flows.start(service, "-i", "0", "-a", addresses)
    process = psutil.Process(flow.pid)

    def listens() -> bool:
        return any(each.laddr.port == port for each in process.net_connections("tcp"))

    wait_until(listens, "it never listened for its peer")
    flow.terminate()
    assert flow.exit_code(5) == 0, flow.tail()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_of_bytewax_testing_outlives_its_parent(
    service: Service, flows: Flows, number: signal.Signals
) -> None:
    sent = service.submit(ITEMS)
    parent = flows.start_module(service, *TESTING, "-w", "1", "-p", "2")
    parent.wait_for("Item processed", count=3)
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) == 2
    parent.signal(number)
    _, alive = psutil.wait_procs(children, timeout=DRAIN_SECONDS)
    assert alive == []
    assert parent.exit_code() == -number
    _check_stopped_in_the_middle(service, sent)
    _check_finished_by_another_run(service, flows, sent)


def test_a_cluster_of_which_one_process_is_killed_ends_with_an_error_that_says_so(
    service: Service, flows: Flows
) -> None:
    sent = service.submit(ITEMS)
    killed, other = flows.start_cluster(service, 2)
    for flow in (killed, other):
        flow.wait_for("Item processed")
    killed.kill()
    assert other.exit_code(10) == 1, other.tail()
    [line] = other.found("Process failed")
    assert line["level"] == "error"
    assert "panic" in line["exception"]
    _check_finished_by_another_run(service, flows, sent)


def _check_stopped_in_the_middle(service: Service, sent: Sequence[Message]) -> None:
    waiting = service.waiting()
    books = read_books(service)
    check_no_half_item(service, books)
    assert books.dead_letters == []
    assert 0 < len(books.successes) < len(sent), "it was not in the middle"
    assert waiting == len(sent) - len(books.successes)
    assert len(books.jobs) == len(books.successes), "a job was begun and not finished"


def _check_finished_by_another_run(service: Service, flows: Flows, sent: Sequence[Message]) -> None:
    flows.drain(service, "-w", "2")
    books = check_invariants(service, sent)
    assert len(books.successes) == len(sent)
