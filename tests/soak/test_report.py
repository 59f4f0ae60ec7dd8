"""The figures of a soak that are computed: the memory's slope, and the verdict."""

from __future__ import annotations

import pytest

from soak.books import Verdict
from soak.report import MEBIBYTE, SAMPLES_AT_LEAST, WARM_UP_SECONDS, memory_slope

Sample = tuple[int, float, int]


def life(
    process: int, first_mebibytes: float, per_minute: float, seconds: int = 120
) -> list[Sample]:
    return [
        (process, float(age), round((first_mebibytes + per_minute * age / 60) * MEBIBYTE))
        for age in range(seconds)
    ]


def test_the_slope_is_that_of_each_process_whatever_it_began_with() -> None:
    samples = life(1, 300, 2.5) + life(2, 100, 2.5)
    assert memory_slope(samples) == pytest.approx(2.5, abs=0.01)
    assert memory_slope(life(1, 300, 0) + life(2, 100, 0)) == pytest.approx(0, abs=0.01)


def test_a_process_that_only_starts_has_no_slope() -> None:
    assert memory_slope(life(1, 100, 50, seconds=WARM_UP_SECONDS + SAMPLES_AT_LEAST)) is None
    assert memory_slope([]) is None


@pytest.mark.parametrize("found", ["lost", "doubled", "wrong", "half"])
def test_one_message_that_ended_wrong_makes_a_soak_fail(found: str) -> None:
    verdict = Verdict()
    assert verdict.clean
    getattr(verdict, found).append("soak-1")
    assert not verdict.clean
