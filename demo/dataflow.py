"""Running the dataflow until its queue is drained, and watching it in the database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from colecionador.cli.console import OUT
from connectors.postgres.pool import BoundedConnection, connect
from demo.errors import DemoError

WORKERS = 2
IDLE_SECONDS = 2
"""Without work for so long, the dataflow drains and ends."""
DEADLINE_SECONDS = 300.0
LOOK_SECONDS = 0.25
COMMAND = (sys.executable, "-m", "bytewax.run", "flows.augment", "-w", str(WORKERS))

_DONE = """
SELECT count(*) FROM augmentation_jobs WHERE item_id = ANY (%s) AND status IN ('success', 'failed')
"""


def run_dataflow(item_ids: Sequence[int], database_url: str, log: Path) -> float:
    """Run it to its end and return the seconds that it took, start and idle time included.

    Raises `DemoError` where it fails, or has not ended by the deadline.
    """
    OUT.print(f"$ AUGMENT_EXIT_WHEN_IDLE={IDLE_SECONDS} python {' '.join(COMMAND[1:])}")
    started = time.monotonic()
    with _process(log) as process, connect(database_url) as connection, _progress() as progress:
        shown = _Shown(progress, len(item_ids))
        while (exit_code := _ended(process)) is None:
            shown.update(_done(connection, item_ids))
            if time.monotonic() - started > DEADLINE_SECONDS:
                raise DemoError(f"the dataflow has not ended in {DEADLINE_SECONDS:g} s; see {log}")
        shown.update(_done(connection, item_ids))
    if exit_code != 0:
        raise DemoError(f"the dataflow ended with exit code {exit_code}:\n{_last_lines(log)}")
    return time.monotonic() - started


@contextmanager
def _process(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "AUGMENT_EXIT_WHEN_IDLE": str(IDLE_SECONDS),
        "AUGMENT_LOG_FORMAT": "json",
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(COMMAND, env=environment, stdout=stream, stderr=stream)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _done(connection: BoundedConnection, item_ids: Sequence[int]) -> int:
    return int(connection.execute(_DONE, [list(item_ids)]).fetchall()[0][0])


def _progress() -> Progress:
    columns = (TextColumn("augmenting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=OUT, disable=not OUT.is_terminal)


class _Shown:
    """The progress as it was last shown: a bar on a terminal, else a line for each change."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._task = progress.add_task("", total=total)
        self._done = -1

    def update(self, done: int) -> None:
        self._progress.update(self._task, completed=done)
        if self._progress.disable and done != self._done:
            OUT.print(f"augmenting: {done} of {self._total} items done")
        self._done = done


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
