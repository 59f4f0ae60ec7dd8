"""The same bytes for ever: on every run, in every process, in any order, on many threads."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from colecionador.domain.plan import Variation
from colecionador.imaging.codec import AnyImage
from colecionador.imaging.rendering import Rendered, render
from tests.imaging.golden_set import GOLDEN_VARIATIONS, PATH, golden_images, golden_md5s

GOLDEN = json.loads(PATH.read_text())


def test_every_variation_has_its_golden_md5() -> None:
    assert golden_md5s() == GOLDEN, (
        "other bytes: if that is meant, count RENDERING_REVISION up in imaging/version.py "
        "and run python -m tests.imaging.golden_set"
    )


def test_threads_and_order_do_not_matter() -> None:
    work = [
        (name, image, which)
        for name, image in golden_images().items()
        for which in GOLDEN_VARIATIONS
    ]

    def md5(job: tuple[str, AnyImage, Variation]) -> tuple[str, str, str]:
        name, image, which = job
        made = render(image, which, item_id=123, plan_version="golden", jpeg_quality=90)
        assert isinstance(made, Rendered)
        return name, which.name, made.md5

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(md5, reversed(work)))
    assert all(GOLDEN[name][which] == found for name, which, found in made)


def test_other_processes_and_other_processors_make_the_same_bytes() -> None:
    program = "import json, tests.imaging.golden_set as g; print(json.dumps(g.golden_md5s()))"
    # IPP, which OpenCV has parts of its work done by, has code of its own for each generation of
    # processors; this is its oldest.
    for seed, ipp in (("1", ""), ("2", "sse42")):
        child = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "OPENCV_IPP": ipp},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(child.stdout) == GOLDEN
