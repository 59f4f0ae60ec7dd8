"""The page of the benchmarks is what the recorded results come to."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import orjson

from bench.figures import Claim, Outcome, Row, Table, spread
from bench.markdown import markdown
from bench.results import RESULTS, Conditions

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_the_page_is_written_from_the_recorded_results() -> None:
    written = markdown(orjson.loads(RESULTS.read_bytes()))
    assert PAGE.read_text(encoding="utf-8") == written, "run make docs"


def test_a_row_may_end_before_the_last_column_and_an_empty_column_is_left_out() -> None:
    rows = (Row("kernels", (spread([1.0]),)), Row("service", (spread([2.0]), None, "many")))
    outcome = Outcome(
        (Table("Photos", ("ms", "never", "words"), rows),),
        (Claim("photos", spread([3.0]), 2.0),),
    )
    page = markdown(
        {
            "service": dataclasses.asdict(outcome)
            | {
                "conditions": dataclasses.asdict(Conditions.now()),
                "claims": [
                    dataclasses.asdict(claim) | {"holds": claim.holds} for claim in outcome.claims
                ],
            }
        }
    )
    assert (
        "| | ms | words |\n|---|---|---|\n| kernels | 1.00 |  |\n| service | 2.00 | many |" in page
    )
    assert "| photos | 3.00 | ≤ 2.00 | **does not hold** |" in page
