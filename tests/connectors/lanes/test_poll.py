"""When Bytewax is asked to look again."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.lanes.poll import Poll, on_grid

MOMENTS = st.integers(0, 2**53)
WAITS = st.integers(0, 12).map(lambda power: 2**power)


@given(MOMENTS, WAITS)
def test_a_look_is_half_a_wait_away_to_one_and_a_half(now: int, wait: int) -> None:
    assert wait / 2 < on_grid(now, wait) - now <= 1.5 * wait


@given(MOMENTS, MOMENTS, WAITS, WAITS)
def test_looks_of_all_waits_fall_on_one_grid(one: int, other: int, wait: int, longer: int) -> None:
    wait, longer = sorted((wait, longer))
    assert (on_grid(one, wait) - on_grid(other, longer)) % wait == 0


def test_waits_grow_while_nothing_is_found_and_are_short_again_after_a_find(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    poll = Poll(1000, 8000)

    def microseconds() -> int:
        return round(poll.next_look().timestamp() * 1_000_000)

    seen = [microseconds()]
    for found in (False, False, False, False, True, False):
        poll.note(found=found)
        seen.append(microseconds())
    assert seen == [1000, 2000, 4000, 8000, 8000, 1000, 2000]


def test_the_next_look_is_soon() -> None:
    before = time.time()
    assert before < Poll(1000, 8000).next_look().timestamp() <= time.time() + 0.0015
