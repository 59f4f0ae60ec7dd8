"""The metrics endpoint counts what PostgreSQL and the queues have, to the item."""

from __future__ import annotations

from collections import Counter
from urllib.request import urlopen

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from tests.fix_flow import Flow, Flows
from tests.fix_images import jpeg_file
from tests.fix_messages import Message, message, small_photograph
from tests.fix_service import Service, wait_until
from tests.free_port import free_port
from tests.invariants import check_invariants

Counts = Counter[tuple[str, ...]]


def test_the_counters_equal_the_rows_and_the_queues_after_a_run_with_failures(
    service: Service, flows: Flows
) -> None:
    port = free_port()
    sent = _send_a_mixture(service)
    flow = flows.start(service, "-w", "2", metrics_port=port)
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
            "augment_variation_bytes_sum": (),
        }.items()
    }
    flow.stop()
    books = check_invariants(service, sent)
    successes, letters = list(books.successes.values()), books.dead_letters

    items = counts["augment_items_total"]
    succeeded = Counter(("success", row["categoria"]) for row in successes)
    assert _with_first(items, "success") == succeeded
    assert _total(items, "dead_lettered") == len(letters)
    assert items["dead_lettered", "none"] == sum(_is_malformed(letter) for letter in letters)
    assert _total(items, "duplicate") == len(books.completions) - len(successes)
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
    assert counts["augment_variation_bytes_sum"][()] == sum(
        row["output_bytes"] for row in books.metrics
    )


def _send_a_mixture(service: Service) -> list[Message]:
    """Good ones, a duplicate, a dark one, a damaged one, two that are missing, malformed ones."""
    sent = service.submit(range(1, 13))
    dark = [message(20)]
    service.put(20, jpeg_file(np.zeros((240, 320, 3), np.uint8)))
    service.put(21, small_photograph()[:4000])
    others = [
        *dark,
        message(21),
        message(22),
        message(23),
        message(0),
        Message("not-json", b"not JSON"),
    ]
    service.send([*others, sent[0]])
    return [*sent, *others, sent[0]]


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


def _is_malformed(letter: Message) -> bool:
    return letter.message_id == "not-json"
