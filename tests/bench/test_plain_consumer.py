"""What the service is compared with does the same work."""

import pytest

from bench.plain_images import VARIATIONS
from tests.fix_flow import Flows
from tests.fix_service import Service, wait_until


@pytest.mark.parametrize("items_at_once", ["1", "3"])
def test_the_plain_consumer_leaves_the_rows_objects_and_completions_of_the_service(
    service: Service, flows: Flows, items_at_once: str
) -> None:
    service.submit(range(1, 5))
    flows.start_module(service, "bench.plain_consumer", items_at_once)
    wait_until(lambda: service.ready(service.completed_queue) == 4, "four completions")

    assert service.jobs("success") == 4
    assert len(service.rows("augmentation_metrics")) == 4
    results = service.rows("augmentation_results")
    assert {row["variation"] for row in results} == set(VARIATIONS)
    assert len(results) == 36
    stored = {(row["bucket"], row["object_key"]): row["md5"] for row in results}
    assert service.md5_of_objects(stored) == stored
    assert {fields["itemId"] for fields in (each.fields for each in service.completions())} == {
        *range(1, 5)
    }
