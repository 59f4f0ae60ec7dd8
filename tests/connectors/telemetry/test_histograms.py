"""The histograms say what the library's own would, from however many threads they are told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from connectors.telemetry.histograms import HistogramCollector
from connectors.telemetry.metrics import STAGE_SECONDS

Samples = list[tuple[str, dict[str, str], float]]


def samples(registry: CollectorRegistry) -> Samples:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return [
        (sample.name, sample.labels, sample.value)
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


values = st.one_of(st.sampled_from(STAGE_SECONDS.buckets), st.floats(0, 1e6, allow_subnormal=False))


@given(st.lists(st.tuples(st.sampled_from(["decode", "encode"]), values), max_size=30))
def test_a_scrape_shows_what_the_librarys_own_histogram_shows(
    observed: list[tuple[str, float]],
) -> None:
    ours, librarys = CollectorRegistry(), CollectorRegistry()
    collector = HistogramCollector(STAGE_SECONDS)
    ours.register(collector)
    histogram = Histogram(
        STAGE_SECONDS.name,
        STAGE_SECONDS.meaning,
        STAGE_SECONDS.labels,
        buckets=STAGE_SECONDS.buckets,
        registry=librarys,
    )
    for stage, seconds in observed:
        collector.series(stage).observe(seconds)
        histogram.labels(stage).observe(seconds)
    assert samples(ours) == samples(librarys)


def test_nothing_is_lost_between_threads() -> None:
    series = HistogramCollector(STAGE_SECONDS).series("upload")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(series.observe, [0.002] * 20_000))
    counts, total = series.read()
    assert counts[0] == 0
    assert counts[1] == counts[-1] == 20_000
    assert abs(total - 40) < 1e-6
