"""Faults inside the service's processes, injected from outside: see `sitecustomize`."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent
ABORT, HANG, DEVOUR = b"--abort--", b"--hang--", b"--devour--"
KILL_AT = "FAILPOINT_KILL_AT"
"""`point:count`: the process is killed at the count-th time that it comes by this point."""
LIMITS = "FAILPOINT_LIMITS"
"""`name=seconds`, separated by commas: limits of the service that are no settings, made short."""
TRANSFORM_SECONDS = "FAILPOINT_TRANSFORM_SECONDS"
"""For how long one variation of every photo is computed."""
POINTS = (
    "after_register",
    "mid_upload",
    "before_commit",
    "mid_commit",
    "after_commit",
    "before_publish",
    "after_publish",
)
"""The points of an item's life, in their order."""


def with_failpoints(environment: dict[str, str]) -> dict[str, str]:
    """An environment whose Python processes have the failpoints."""
    paths = [str(FOLDER), environment.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
