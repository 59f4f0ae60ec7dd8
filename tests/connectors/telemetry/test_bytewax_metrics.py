"""Bytewax's own metrics are on the endpoint of the process, in the format that is asked for."""

from __future__ import annotations

import os
import subprocess
import sys

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from connectors.telemetry.bytewax_metrics import (
    CACHE,
    ENABLED,
    PORT,
    bytewax_metrics,
    enable_bytewax_metrics,
)
from tests.free_port import free_port

PROGRAM = """
import sys
import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource
from bytewax._bytewax import cli_main
from connectors.telemetry.bytewax_metrics import enable_bytewax_metrics

read = enable_bytewax_metrics()
seen = {}


def look(value):
    while value == 2 and not all(seen.values()) or not seen:
        seen.update({False: read(False), True: read(True)})
    return value


flow = Dataflow("counted")
numbers = op.input("numbers", flow, TestingSource(range(3), batch_size=1))
op.output("out", op.map("look", numbers, look), TestingSink([]))
cli_main(flow)
sys.stdout.buffer.write(seen[False] + b"----\\n" + seen[True])
"""


def test_both_formats_have_bytewaxs_counts_and_nothing_of_another_registry() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={k: v for k, v in os.environ.items() if not k.startswith("BYTEWAX_")},
        capture_output=True,
        text=True,
        check=True,
    )
    plain, _, open_ = ended.stdout.partition("----\n")
    registry = CollectorRegistry()
    Counter("own_total", "Own.", registry=registry).inc()
    families = {each.name: each for each in text_string_to_metric_families(plain)}
    assert all(name.startswith("bytewax_") for name in families)
    steps = {sample.labels["step_id"] for sample in families["bytewax_item_inp_count"].samples}
    assert "counted.look.flat_map_batch" in steps
    parse = openmetrics.text_string_to_metric_families
    # The library has no types here.
    parsed = {each.name for each in parse(f"{open_}# EOF\n")}  # type: ignore[no-untyped-call]
    assert parsed == set(families)


def test_where_bytewax_does_not_answer_the_scrape_goes_without() -> None:
    assert bytewax_metrics(free_port(), openmetrics=False) == b""


def test_a_port_that_an_operator_has_chosen_is_kept() -> None:
    environment = {ENABLED: "1", PORT: "3031", CACHE: "/elsewhere"}
    enable_bytewax_metrics(environment)
    assert environment == {ENABLED: "1", PORT: "3031", CACHE: "/elsewhere"}


def test_otherwise_a_free_port_is_chosen() -> None:
    environment: dict[str, str] = {}
    enable_bytewax_metrics(environment)
    assert int(environment[PORT]) > 0
    assert environment[ENABLED] == "1"
