"""A dead letter that is sent back: its cause is gone, so it ends as a success like any other."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.fix_flow import Flows
from tests.fix_messages import message
from tests.fix_service import Service
from tests.invariants import check_invariants


def augment(service: Service, *arguments: str) -> str:
    """Run `augment` as an operator would; what it says. It must end with 0."""
    done = subprocess.run(
        [sys.executable, "-m", "colecionador.cli", *arguments],
        env=dict(os.environ) | service.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_dead_letter_that_is_replayed_ends_as_a_success_and_its_job_says_so(
    service: Service, flows: Flows
) -> None:
    sent = [message(1, "late"), message(2, "fine")]
    service.put(2)
    service.send(sent)
    flows.drain(service)
    assert [service.jobs(status) for status in ("success", "failed")] == [1, 1]
    assert "source_missing" in augment(service, "dlq", "list")

    service.put(1)
    said = augment(service, "dlq", "replay", "--error-type", "source_missing")
    assert "Replayed 1 dead letter" in said
    flows.drain(service)
    books = check_invariants(service, sent)
    assert books.dead_letters == []
    assert books.successes["late"]["attempts"] == 1
    assert books.successes["late"]["error_type"] is None


def test_an_item_that_is_done_stays_done_when_its_message_is_sent_again(
    service: Service, flows: Flows
) -> None:
    sent = service.submit([1])
    flows.drain(service)
    before = service.rows("augmentation_results")
    service.send(sent)
    flow = flows.drain(service)
    assert len(flow.found("Duplicate acknowledged")) == 1
    assert service.rows("augmentation_results") == before
    check_invariants(service, sent)
