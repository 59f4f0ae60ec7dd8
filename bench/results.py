"""`bench/results.json`: every figure of a run, and the conditions that it was measured under."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

import orjson

from bench.figures import Outcome

RESULTS = Path(__file__).with_name("results.json")
PARTIAL = Path(__file__).with_name("results-partial.json")
PACKAGES = ("bytewax", "minio", "opencv-python-headless", "pika", "psycopg", "simplejpeg")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a run was made on."""

    started: str
    cores: int
    load_before: tuple[float, float, float]
    """Processes that wanted a core, over the last 1, 5 and 15 minutes before the run."""
    revision: str
    """Of the code."""
    python: str
    versions: dict[str, str]
    quick: bool

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
            quick=os.environ.get("QUICK", "") not in {"", "0"},
        )


def _revision() -> str:
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    done = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def write_results(
    outcomes: Mapping[str, Outcome], conditions: Conditions, *, complete: bool
) -> Path:
    """Write them beside the code; a quick or a partial run does not replace the complete one."""
    path = RESULTS if complete and not conditions.quick else PARTIAL
    content = {
        "conditions": dataclasses.asdict(conditions) | {"load_after": os.getloadavg()},
        "benchmarks": {name: _content(outcome) for name, outcome in outcomes.items()},
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    path.write_bytes(orjson.dumps(content, option=options))
    return path


def _content(outcome: Outcome) -> dict[str, object]:
    claims = [dataclasses.asdict(claim) | {"holds": claim.holds} for claim in outcome.claims]
    return {"tables": [dataclasses.asdict(table) for table in outcome.tables], "claims": claims}
