"""The pixel budget: bounded, first come first served, never stuck."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from colecionador.steps.budget import Lease, PixelBudget
from colecionador.steps.tasks import Hop, run


def granted(hop: Hop[Lease]) -> SimpleQueue[Lease]:
    """The leases that a hop has ended with so far: none, or one."""
    leases: SimpleQueue[Lease] = SimpleQueue()

    async def step() -> Lease:
        return await hop

    run(step(), leases.put)
    return leases


def test_what_fits_is_granted_at_once() -> None:
    budget = PixelBudget(100)
    assert not granted(budget.take(60)).empty()
    assert not granted(budget.take(40)).empty()
    assert budget.held_bytes == 100


def test_what_does_not_fit_waits_until_enough_is_given_back() -> None:
    budget = PixelBudget(100)
    held = granted(budget.take(60)).get_nowait()
    waiting = granted(budget.take(50))
    assert waiting.empty()
    held.release()
    assert not waiting.empty()


def test_a_photo_larger_than_the_budget_passes_alone() -> None:
    budget = PixelBudget(100)
    small = granted(budget.take(1)).get_nowait()
    large = granted(budget.take(500))
    after_it = granted(budget.take(1))
    assert large.empty()
    small.release()
    lease = large.get_nowait()
    assert after_it.empty()
    lease.release()
    assert not after_it.empty()


def test_a_small_photo_does_not_overtake_a_large_one_that_waits() -> None:
    budget = PixelBudget(100)
    held = granted(budget.take(80)).get_nowait()
    large, small = granted(budget.take(50)), granted(budget.take(1))
    assert large.empty()
    assert small.empty()
    held.release()
    assert not large.empty()
    assert not small.empty()


def test_no_download_starts_while_somebody_waits_for_pixels() -> None:
    budget = PixelBudget(100)
    held = granted(budget.take(100)).get_nowait()
    assert not granted(budget.turn()).empty()
    waiting = granted(budget.take(10))
    turn = granted(budget.turn())
    assert turn.empty()
    held.release()
    assert not waiting.empty()
    assert not turn.empty()


def test_a_shared_lease_ends_with_its_last_release() -> None:
    budget = PixelBudget(100)
    lease = granted(budget.take(100)).get_nowait()
    lease.share(9)
    assert [lease.release() for _ in range(9)] == [False] * 8 + [True]
    assert budget.held_bytes == 0


@given(st.lists(st.integers(1, 300), min_size=1, max_size=40))
def test_everybody_is_served_in_the_order_of_arrival(sizes: list[int]) -> None:
    budget = PixelBudget(100)
    served: list[int] = []
    leases: list[Lease] = []

    async def step(index: int, size: int) -> None:
        lease = await budget.take(size)
        served.append(index)
        leases.append(lease)

    for index, size in enumerate(sizes):
        run(step(index, size))
    while leases:
        leases.pop(0).release()
    assert served == list(range(len(sizes)))
    assert budget.held_bytes == 0


class BudgetMachine(RuleBasedStateMachine):
    """Random takes and releases never break the bound, and leave nobody waiting for nothing."""

    holders = Bundle("holders")

    def __init__(self) -> None:
        super().__init__()
        self.budget = PixelBudget(100)
        self.held: dict[Any, int] = {}
        self.queued: list[tuple[SimpleQueue[Lease], int]] = []

    @rule(target=holders, size=st.integers(1, 150))
    def take(self, size: int) -> tuple[SimpleQueue[Lease], int]:
        asked = (granted(self.budget.take(size)), size)
        self.queued.append(asked)
        return asked

    @rule(asked=consumes(holders))
    def release(self, asked: tuple[SimpleQueue[Lease], int]) -> None:
        try:
            lease = asked[0].get_nowait()
        except Empty:
            return
        lease.release()
        self.queued.remove(asked)

    @invariant()
    def holds_no_more_than_the_limit_or_one_alone(self) -> None:
        sizes = [size for leases, size in self.queued if not leases.empty()]
        assert self.budget.held_bytes == sum(sizes)
        assert sum(sizes) <= 100 or len(sizes) == 1


TestBudgetMachine = pytest.mark.filterwarnings("error")(BudgetMachine.TestCase)
