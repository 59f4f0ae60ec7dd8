"""A contender's processes run where its layout says."""

import os
from typing import cast

from bench.contender import Contender, Running, confined
from bench.site import Site
from tests.fix_service import wait_until

LISTENER = ("http.server", "--bind", "127.0.0.1", "0")
PAIR = Contender("two", (LISTENER, LISTENER), consumers=0, in_flight=0)
"""Two processes that wait for requests that never come."""


class _NoSite:
    """A place on no server, where nobody is waited for."""

    environment: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it

    def consumers(self) -> int:
        """None."""
        return 0


def test_confined_processes_have_a_core_each() -> None:
    cores = sorted(os.sched_getaffinity(0))
    expected = [{cores[index % len(cores)]} for index in range(2)]
    with Running(confined(PAIR), cast("Site", _NoSite())) as running:
        # `taskset` confines itself, then becomes the process.
        wait_until(lambda: _cores(running) == expected, "both to be confined")


def test_other_processes_may_use_all_cores() -> None:
    with Running(PAIR, cast("Site", _NoSite())) as running:
        assert _cores(running) == [os.sched_getaffinity(0)] * 2


def test_each_process_has_a_session_of_its_own() -> None:
    with Running(PAIR, cast("Site", _NoSite())) as running:
        sessions = [os.getsid(process_id) for process_id in running.process_ids]
        assert sessions == running.process_ids


def _cores(running: Running) -> list[set[int]]:
    return [os.sched_getaffinity(process_id) for process_id in running.process_ids]
