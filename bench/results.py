"""`bench/results.json`: the last figures of each benchmark, and what they were measured on."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import orjson

from bench.figures import Outcome

RESULTS = Path(__file__).with_name("results.json")
QUICK_RESULTS = Path(__file__).with_name("results-quick.json")
PACKAGES = ("bytewax", "minio", "opencv-python-headless", "pika", "psycopg", "simplejpeg")

Load = tuple[float, float, float]
"""Processes that wanted a core, over the last 1, 5 and 15 minutes."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a benchmark was run on."""

    started: str
    cores: int
    load_before: Load
    revision: str
    """Of the code."""
    python: str
    versions: dict[str, str]

    @classmethod
    def now(cls) -> Self:
        """Those of this moment."""
        return cls(
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            cores=os.cpu_count() or 1,
            load_before=os.getloadavg(),
            revision=_revision(),
            python=platform.python_version(),
            versions={name: version(name) for name in PACKAGES},
        )


def record(name: str, outcome: Outcome, conditions: Conditions, *, quick: bool) -> Path:
    """Replace this benchmark's figures in the file; those of the others stay as they are."""
    path = QUICK_RESULTS if quick else RESULTS
    results = orjson.loads(path.read_bytes()) if path.exists() else {}
    results[name] = {
        "conditions": dataclasses.asdict(conditions) | {"load_after": os.getloadavg()},
        "tables": [dataclasses.asdict(table) for table in outcome.tables],
        "claims": [dataclasses.asdict(each) | {"holds": each.holds} for each in outcome.claims],
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    path.write_bytes(orjson.dumps(results, option=options))
    return path


def _revision() -> str:
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    done = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
