"""Where an image is computed: a small one stays on the thread that will upload it."""

from __future__ import annotations

import threading

import pytest

from colecionador.steps.computing import Computing
from colecionador.steps.pools import Pool
from tests.steps.ended import ended


def name_of_thread() -> str:
    return threading.current_thread().name


@pytest.mark.parametrize(
    ("small", "expected"),
    [
        (True, ("transfer-0", "transfer-0", "transfer-0")),
        (False, ("transfer-0", "compute-0", "transfer-0")),
    ],
)
def test_only_a_large_image_is_computed_on_threads_of_its_own(
    small: bool, expected: tuple[str, ...]
) -> None:
    computing = Computing(Pool("compute", 1), Pool("transfer", 1))

    async def step() -> tuple[str, ...]:
        downloaded = await computing.transfer.call(name_of_thread)
        computed = await computing.call(name_of_thread, small=small)
        uploaded = await computing.transfer.call(name_of_thread)
        return downloaded, computed, uploaded

    assert ended(step()).get(timeout=10) == expected


@pytest.mark.parametrize("small", [True, False])
def test_what_hangs_is_told_by_the_compute_pool_wherever_it_is(small: bool) -> None:
    computing = Computing(Pool("compute", 1), Pool("transfer", 1))
    began, ends = threading.Event(), threading.Event()

    def hang() -> bool:
        began.set()
        return ends.wait(10)

    async def step() -> bool:
        return await computing.call(hang, small=small)

    ending = ended(step())
    assert began.wait(10)
    assert computing.compute.longest_call_seconds() > 0
    ends.set()
    assert ending.get(timeout=10)
    assert computing.compute.longest_call_seconds() == 0
