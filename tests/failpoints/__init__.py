"""Faults inside the service's processes, injected from outside: see `sitecustomize`."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent
ABORT, HANG, DEVOUR = b"--abort--", b"--hang--", b"--devour--"


def with_failpoints(environment: dict[str, str]) -> dict[str, str]:
    """An environment whose Python processes decode with the failpoints.

    They are loaded before a program's own path is set, so the project's comes with them.
    """
    paths = [str(FOLDER), str(FOLDER.parents[1]), environment.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
