"""The metrics endpoint counts what PostgreSQL and the queues have, to the item."""

from __future__ import annotations

from collections import Counter
from urllib.request import urlopen

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from tests.fix_flow import Flow, Flows
from tests.fix_images import jpeg_file
from tests.fix_messages import Message, message, small_photograph, source_key
from tests.fix_s3_faults import FaultyS3, faulty_s3
from tests.fix_service import Service, refuse_item, wait_until
from tests.free_port import free_port
from tests.invariants import check_invariants

Counts = Counter[tuple[str, ...]]


def test_the_counters_equal_the_rows_and_the_queues_after_200_items_with_5_percent_failures(
    service: Service, flows: Flows
) -> None:
    port = free_port()
    with faulty_s3(service.environment["AUGMENT_S3_ENDPOINT"]) as faults:
        sent = _send_200_of_which_10_fail(service, faults)
        flow = flows.start(
            service,
            *("-w", "2"),
            metrics_port=port,
            s3_endpoint=faults.endpoint,
            s3_timeout_seconds=0.5,
        )
        flow.wait_for("Item retried", item_id=LATE)
        service.put(LATE)
        _wait_until_settled(flow, len(sent))
        wait_until(
            lambda: _samples(port, "augment_items_in_flight")[()] == 0, "deliveries are in flight"
        )
        counts = {
            name: _samples(port, name, *labels)
            for name, labels in {
                "augment_items_total": ("outcome", "categoria"),
                "augment_dead_letters_total": ("error_type",),
                "augment_retries_total": ("error_type",),
                "augment_variations_total": ("variation", "outcome"),
                "augment_low_quality_total": ("categoria",),
                "augment_item_seconds_count": (),
                "augment_queue_seconds_count": (),
                "augment_source_bytes_count": (),
                "augment_variation_bytes_count": (),
                "augment_variation_bytes_sum": (),
            }.items()
        }
        flow.stop()
    books = check_invariants(service, sent)
    successes, letters = list(books.successes.values()), books.dead_letters
    assert len(successes) == 191
    assert Counter(letter.headers["x-error-type"] for letter in letters) == FAILURES

    items = counts["augment_items_total"]
    succeeded = Counter(("success", row["categoria"]) for row in successes)
    assert _with_first(items, "success") == succeeded
    assert _total(items, "dead_lettered") == len(letters)
    # Of the two malformed messages one names its categoria.
    assert items["dead_lettered", "none"] == 1
    assert _total(items, "duplicate") == len(books.completions) - len(successes) == 1
    attempts = [row["attempts"] for row in successes]
    attempts += [letter.headers["x-attempt"] for letter in letters]
    assert _total(items, "retried") == sum(attempts) - len(attempts)
    assert counts["augment_retries_total"].total() == _total(items, "retried")
    assert counts["augment_dead_letters_total"] == Counter(
        (letter.headers["x-error-type"],) for letter in letters
    )
    assert counts["augment_variations_total"] == Counter(
        (row["variation"], row["status"]) for row in books.results
    )
    assert counts["augment_low_quality_total"] == Counter(
        (row["categoria"],) for row in successes if row["bad_quality"]
    )
    assert counts["augment_item_seconds_count"][()] == len(successes)
    assert counts["augment_queue_seconds_count"][()] == items.total()
    assert counts["augment_variation_bytes_count"][()] == len(books.results)
    assert counts["augment_variation_bytes_sum"][()] == sum(
        row["output_bytes"] for row in books.metrics
    )


DARK = 190
UNCOMMITTED, LATE, FORBIDDEN, SILENT, MISSING, REFUSED, DAMAGED, TEXT = range(191, 199)
"""With two malformed messages ten of the 200 fail, and one of them, the late one, only at first."""
FAILURES = Counter(
    invalid_message=2,
    internal=1,
    source_forbidden=1,
    source_unavailable=1,
    source_missing=1,
    upload_failed=1,
    corrupt_image=1,
    unsupported_format=1,
)


def _send_200_of_which_10_fail(service: Service, faults: FaultyS3) -> list[Message]:
    """Sends them in the order of their ids, and the first once more at the end."""
    sent = [message(item_id) for item_id in range(1, 199)]
    for item_id in (*range(1, DARK), UNCOMMITTED, FORBIDDEN, SILENT, REFUSED):
        service.put(item_id)
    service.put(DARK, jpeg_file(np.zeros((240, 320, 3), np.uint8)))
    service.put(DAMAGED, small_photograph()[:4000])
    service.put(TEXT, b"no image at all")
    faults.refusals[source_key(FORBIDDEN)] = 403
    faults.silent.add(source_key(SILENT))
    faults.forbidden_prefixes.add(f"{sent[REFUSED - 1].fields['categoria']}/{REFUSED}/")
    with service.session() as session:
        session.execute(refuse_item(UNCOMMITTED))
    sent += [message(0), Message("not-json", b"not JSON"), sent[0]]
    service.send(sent)
    return sent


def _wait_until_settled(flow: Flow, count: int) -> None:
    def settled() -> int:
        final = ("Item processed", "Duplicate acknowledged", "Item dead-lettered")
        return sum(len(flow.found(event)) for event in final)

    wait_until(lambda: settled() == count, "not everything was settled")


def _samples(port: int, name: str, *labels: str) -> Counts:
    """The values of a metric by these labels; zeros are left out."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    found: Counts = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and sample.value:
                key = tuple(sample.labels[label] for label in labels)
                found[key] += int(sample.value)
    return found


def _with_first(counts: Counts, first: str) -> Counts:
    return Counter({key: count for key, count in counts.items() if key[0] == first})


def _total(counts: Counts, first: str) -> int:
    return _with_first(counts, first).total()
