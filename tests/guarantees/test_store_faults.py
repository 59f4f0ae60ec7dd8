"""An object store that answers and takes nothing, and one that refuses a single item."""

from __future__ import annotations

import pytest

from tests.fix_faults import check_that_nothing_was_lost_or_counted, wait_for_successes
from tests.fix_flow import Flows
from tests.fix_messages import message
from tests.fix_s3_faults import faulty_s3
from tests.fix_service import Service, wait_until
from tests.invariants import check_invariants

FULL, READ_ONLY = 507, 403


@pytest.mark.parametrize("status", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_a_store_that_takes_no_objects_is_waited_out_although_it_answers(
    service: Service, flows: Flows, status: int
) -> None:
    with faulty_s3(service.environment["AUGMENT_S3_ENDPOINT"]) as faults:
        faults.refused_puts = status
        sent = service.submit(range(1, 9))
        flow = flows.start(service, s3_endpoint=faults.endpoint, retry_base_seconds=0.1)
        [down] = flow.wait_for("Dependency down", dependency="s3")
        assert f"HTTP {status}" in down["reason"]
        refused = faults.puts_refused
        # It is asked again and again, and says the same.
        wait_until(lambda: faults.puts_refused > refused + 3, "nobody tries any more")
        faults.refused_puts = None
        wait_for_successes(service, flow, len(sent))
        assert len(flow.found("Dependency down", dependency="s3")) == 1
        flow.stop()
    check_that_nothing_was_lost_or_counted(service, sent)


def test_an_item_whose_objects_alone_are_refused_has_three_attempts_and_stops_nobody(
    service: Service, flows: Flows
) -> None:
    with faulty_s3(service.environment["AUGMENT_S3_ENDPOINT"]) as faults:
        sent = service.submit(range(1, 9))
        faults.forbidden_prefixes.add(f"{sent[2].fields['categoria']}/3/")
        flow = flows.drain(service, s3_endpoint=faults.endpoint)
        assert flow.found("Dependency down") == []
    books = check_invariants(service, sent)
    [letter] = books.dead_letters
    assert letter.message_id == sent[2].message_id
    assert letter.headers["x-error-type"] == "upload_failed"
    assert letter.headers["x-attempt"] == 3


def test_a_bucket_that_is_not_there_costs_its_own_message_three_attempts_and_stops_nobody(
    service: Service, flows: Flows
) -> None:
    images = service.environment["AUGMENT_SOURCE_BUCKET"]
    nowhere = f"{images}-not-there"
    astray = message(1, bucket=nowhere)
    service.send([astray])
    sent = [astray, *service.submit(range(2, 9))]
    flow = flows.drain(service, allowed_buckets=f"{images},{nowhere}")
    assert flow.found("Dependency down") == []
    books = check_invariants(service, sent)
    [letter] = books.dead_letters
    assert letter.message_id == astray.message_id
    assert letter.headers["x-error-type"] == "source_missing"
    assert letter.headers["x-attempt"] == 3
    assert f'bucket "{nowhere}"' in letter.headers["x-error"]
    assert "augment init" in letter.headers["x-error"]
