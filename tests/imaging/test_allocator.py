"""The process keeps the memory of its pixel buffers, unless its operator has another will."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from colecionador.imaging.allocator import ALLOCATOR_VARIABLES

# Sixteen buffers of 12 megapixels one after the other, as a photo's variations are.
PROGRAM = """
import json, resource
import numpy as np
from colecionador.imaging.allocator import keep_freed_memory
keep_freed_memory()
def work():
    for _ in range(16):
        np.empty(36_000_000, np.uint8).fill(1)
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before))
"""


def page_faults(**environment: str) -> int:
    inherited = {key: value for key, value in os.environ.items() if key not in ALLOCATOR_VARIABLES}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**inherited, "PYTHONPATH": ".", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    faults: int = json.loads(done.stdout)
    return faults


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_freed_buffers_are_used_again_unless_the_operator_has_set_the_allocator() -> None:
    kept, as_set = page_faults(), page_faults(MALLOC_MMAP_THRESHOLD_="1048576")
    assert kept < 100
    # Fewer than there are pages, where the kernel gives huge ones.
    assert as_set > 1000
