import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Claim, percentile, ratio, spread

FIGURES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30)


@given(FIGURES)
def test_a_spread_has_its_median_within_its_range(values: list[float]) -> None:
    found = spread(values)
    assert found.low == min(values)
    assert found.high == max(values)
    assert found.low <= found.median <= found.high
    assert found.count == len(values)


@given(FIGURES, st.floats(0.01, 100))
def test_a_ratio_is_of_each_round_by_itself_so_a_slow_round_changes_nothing(
    others: list[float], times: float
) -> None:
    found = ratio([times * other for other in others], others)
    assert found.low == pytest.approx(times)
    assert found.high == pytest.approx(times)


@given(FIGURES, st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_and_grows_with_its_share(
    values: list[float], share: float
) -> None:
    assert percentile(values, share) in values
    assert percentile(values, 0) <= percentile(values, share) <= percentile(values, 1)


@pytest.mark.parametrize(("at_least", "holds"), [(True, (False, True)), (False, (True, False))])
def test_a_claim_holds_its_median_to_its_limit(at_least: bool, holds: tuple[bool, bool]) -> None:
    below, above = spread([1.0, 1.0, 9.0]), spread([3.0, 3.0, 0.1])
    verdicts = tuple(Claim("", each, 2.0, at_least=at_least).holds for each in (below, above))
    assert verdicts == holds
