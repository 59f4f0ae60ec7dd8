"""The program that renders one photo after the other, and how long it says that each took."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.rendering_alone import rendering_ms
from tests.fix_messages import small_photograph


@pytest.mark.parametrize("threads", [1, 2])
def test_each_photo_has_its_time(threads: int, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(small_photograph(number))
    spent = rendering_ms(paths, threads)
    assert len(spent) == 3
    assert min(spent) > 0
