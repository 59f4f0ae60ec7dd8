"""Events become the contract's metrics, as a scrape of the endpoint shows them."""

from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from colecionador.domain.events import (
    Delivered,
    Dependency,
    DependencyChanged,
    Event,
    Handled,
    Released,
    VariationStored,
)
from colecionador.domain.failures import ErrorType
from connectors.memory.telemetry import MemoryTelemetry
from connectors.telemetry.endpoint import Endpoint, metrics_route, open_endpoint
from connectors.telemetry.prometheus import PrometheusTelemetry
from tests.connectors.telemetry.samples import (
    DELIVERED_AT,
    DELIVERY,
    ITEM,
    ONE_OF_EACH,
    STORED,
    WORKER,
    dead_lettered,
    duplicate,
    retried,
    success,
)
from tests.free_port import free_port

CONTRACT = {
    "augment_items_total": ("counter", {"outcome", "categoria"}),
    "augment_item_seconds": ("histogram", set()),
    "augment_stage_seconds": ("histogram", {"stage"}),
    "augment_dependency_seconds": ("histogram", {"dependency", "operation"}),
    "augment_dependency_up": ("gauge", {"dependency"}),
    "augment_queue_seconds": ("histogram", set()),
    "augment_source_bytes": ("histogram", set()),
    "augment_variation_bytes": ("histogram", set()),
    "augment_variations_total": ("counter", {"variation", "outcome"}),
    "augment_dead_letters_total": ("counter", {"error_type"}),
    "augment_retries_total": ("counter", {"error_type"}),
    "augment_items_in_flight": ("gauge", set()),
    "augment_worker_resident_memory_bytes": ("gauge", set()),
    "augment_low_quality_total": ("counter", {"categoria"}),
}
"""Section 9 of the contract: what dashboards and alerts rely on."""

Labels = frozenset[tuple[str, str]]


class Scraped:
    """A process's metrics and the endpoint that they are read from."""

    def __init__(self, telemetry: PrometheusTelemetry, endpoint: Endpoint) -> None:
        self.telemetry = telemetry
        self._endpoint = endpoint

    def emit(self, *events: Event) -> None:
        for event in events:
            self.telemetry.emit(event)

    def families(self) -> dict[str, tuple[str, dict[tuple[str, Labels], float]]]:
        with urlopen(f"http://127.0.0.1:{self._endpoint.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return {
            family.name: (
                family.type,
                {(one.name, frozenset(one.labels.items())): one.value for one in family.samples},
            )
            for family in text_string_to_metric_families(text)
        }

    def value(self, name: str, **labels: str) -> float | None:
        wanted = (name, frozenset(labels.items()))
        for _, samples in self.families().values():
            if wanted in samples:
                return samples[wanted]
        return None


@pytest.fixture
def scraped() -> Iterator[Scraped]:
    telemetry = PrometheusTelemetry(("moedas", "carros"), now=lambda: DELIVERED_AT + 1.5)
    endpoint = open_endpoint(
        {"/metrics": metrics_route(telemetry.registry)}, free_port(), 0, MemoryTelemetry()
    )
    assert endpoint is not None
    yield Scraped(telemetry, endpoint)
    endpoint.close()


def test_every_metric_of_the_contract_is_exposed_under_its_name_type_and_labels(
    scraped: Scraped,
) -> None:
    scraped.emit(*ONE_OF_EACH)
    families = scraped.families()
    for name, (kind, labels) in CONTRACT.items():
        # The parser names a counter's family without its suffix.
        found_kind, samples = families[name.removesuffix("_total")]
        assert found_kind == kind, name
        found = {label for _, pairs in samples for label, _ in pairs} - {"le"}
        assert found == labels, name
        if kind == "counter":
            assert {sample for sample, _ in samples} == {name}


def test_each_outcome_is_counted_once_under_its_categoria(scraped: Scraped) -> None:
    scraped.emit(success(), success("carros"), duplicate(), retried(), dead_lettered())
    assert scraped.value("augment_items_total", outcome="success", categoria="moedas") == 1
    assert scraped.value("augment_items_total", outcome="success", categoria="carros") == 1
    assert scraped.value("augment_items_total", outcome="duplicate", categoria="moedas") == 1
    assert scraped.value("augment_items_total", outcome="retried", categoria="moedas") == 1
    assert scraped.value("augment_items_total", outcome="dead_lettered", categoria="moedas") == 1


def test_a_categoria_that_the_plan_does_not_name_is_other_and_a_missing_one_none(
    scraped: Scraped,
) -> None:
    scraped.emit(success("selos"), success("vinis"), dead_lettered(categoria=None))
    assert scraped.value("augment_items_total", outcome="success", categoria="other") == 2
    assert scraped.value("augment_items_total", outcome="dead_lettered", categoria="none") == 1
    assert scraped.value("augment_items_total", outcome="success", categoria="selos") is None


def test_item_seconds_observes_successes_only_from_their_delivery(scraped: Scraped) -> None:
    scraped.emit(success(), duplicate(), retried(), dead_lettered())
    assert scraped.value("augment_item_seconds_count") == 1
    assert scraped.value("augment_item_seconds_sum") == 1.5
    assert scraped.value("augment_item_seconds_bucket", le="1.0") == 0
    assert scraped.value("augment_item_seconds_bucket", le="2.5") == 1


def test_what_is_in_flight_is_delivered_and_neither_settled_nor_released(scraped: Scraped) -> None:
    delivered = Delivered(DELIVERY, "message-7", 1, redelivered=False, queue_ms=None)
    scraped.emit(delivered, delivered, delivered, success(), Released(DELIVERY))
    assert scraped.value("augment_items_in_flight") == 1


def test_failures_are_counted_by_their_error_type(scraped: Scraped) -> None:
    scraped.emit(retried(), retried(), retried(ErrorType.INTERNAL), dead_lettered())
    assert scraped.value("augment_retries_total", error_type="source_missing") == 2
    assert scraped.value("augment_retries_total", error_type="internal") == 1
    assert scraped.value("augment_dead_letters_total", error_type="corrupt_image") == 1


def test_low_quality_is_counted_with_the_success_and_not_with_its_duplicates(
    scraped: Scraped,
) -> None:
    scraped.emit(success(bad_quality=True), success(), duplicate())
    assert scraped.value("augment_low_quality_total", categoria="moedas") == 1


def test_sizes_times_and_variations_are_observed_in_base_units(scraped: Scraped) -> None:
    scraped.emit(*ONE_OF_EACH)
    assert scraped.value("augment_queue_seconds_sum") == 0.25
    assert scraped.value("augment_source_bytes_sum") == 5_000
    assert scraped.value("augment_variation_bytes_sum") == 2_000
    assert scraped.value("augment_stage_seconds_sum", stage="decode") == 0.02
    assert scraped.value("augment_stage_seconds_count", stage="publish") == 3
    assert (
        scraped.value("augment_dependency_seconds_sum", dependency="s3", operation="download")
        == 0.002
    )
    assert scraped.value("augment_variations_total", variation="rotate_90", outcome="stored") == 1
    assert scraped.value("augment_variations_total", variation="blur", outcome="skipped") == 1


def test_each_stage_of_a_variation_is_timed_by_its_own_value(scraped: Scraped) -> None:
    scraped.emit(VariationStored(ITEM, 101, WORKER, STORED, validate_ms=4.0))
    stages = ("transform", "encode", "validate", "upload")
    sums = [scraped.value("augment_stage_seconds_sum", stage=stage) for stage in stages]
    assert sums == [0.001, 0.002, 0.004, 0.003]


def test_a_dependency_is_up_or_down_and_absent_while_nothing_is_known(scraped: Scraped) -> None:
    assert scraped.value("augment_dependency_up", dependency="s3") is None
    scraped.emit(DependencyChanged(Dependency.S3, up=False, reason="refused"))
    assert scraped.value("augment_dependency_up", dependency="s3") == 0
    scraped.emit(DependencyChanged(Dependency.S3, up=True))
    assert scraped.value("augment_dependency_up", dependency="s3") == 1


def test_known_series_start_at_zero_so_that_a_first_failure_is_an_increase(
    scraped: Scraped,
) -> None:
    assert scraped.value("augment_dead_letters_total", error_type="poison") == 0
    assert scraped.value("augment_retries_total", error_type="internal") == 0
    assert scraped.value("augment_retries_total", error_type="poison") is None
    assert scraped.value("augment_items_total", outcome="success", categoria="carros") == 0


def test_each_worker_counts_what_it_handled(scraped: Scraped) -> None:
    scraped.emit(Handled(0, 3), Handled(1, 2), Handled(0, 1))
    assert scraped.value("augment_worker_items_total", worker_index="0") == 4
    assert scraped.value("augment_worker_items_total", worker_index="1") == 2


def test_memory_is_read_at_the_scrape(scraped: Scraped) -> None:
    memory = scraped.value("augment_worker_resident_memory_bytes")
    own = scraped.value("process_resident_memory_bytes")
    assert memory is not None
    assert own is not None
    assert memory > 1024 * 1024
    assert memory == pytest.approx(own, rel=0.2)
