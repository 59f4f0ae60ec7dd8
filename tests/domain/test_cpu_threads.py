"""How many threads compute where nobody says."""

import os
import subprocess
import sys

from colecionador.domain.settings import PREFIX

SHOW = "from colecionador.domain.settings import Settings; print(Settings().cpu_threads)"


def _threads(cores: set[int]) -> int:
    """Of a process that may use these cores alone."""
    listed = ",".join(map(str, sorted(cores)))
    command = ("taskset", "--cpu-list", listed, sys.executable, "-c", SHOW)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return int(subprocess.run(command, env=bare, check=True, capture_output=True).stdout)


def test_a_process_that_may_use_all_cores_computes_on_all() -> None:
    cores = os.sched_getaffinity(0)
    assert _threads(cores) == len(cores)


def test_a_process_that_is_confined_to_a_core_computes_on_one_thread() -> None:
    assert _threads({max(os.sched_getaffinity(0))}) == 1
