"""Failpoints for the processes that a test starts; the service itself knows nothing of them.

With this folder on PYTHONPATH, every Python process loads this module before its program. A file
asks for its fate by what stands behind its image's end; the environment names the point of an
item's life at which the process is killed, limits to make short, and how long a transform takes.
"""

from __future__ import annotations

import os
import threading
from importlib import import_module

from colecionador.imaging import intake

ABORT, HANG, DEVOUR = b"--abort--", b"--hang--", b"--devour--"

_decode = vars(intake)["decode"]


def decode(data, header):  # type: ignore[no-untyped-def]  # stands in for whatever intake calls
    """What the genuine decoder does, unless the file asks for something else."""
    if data.endswith(ABORT):
        os.abort()
    if data.endswith(HANG):
        threading.Event().wait()
    if data.endswith(DEVOUR):
        hoard = []
        while True:
            hoard.append(bytearray(64 * 1024 * 1024))
    return _decode(data, header)


vars(intake)["decode"] = decode

if {"FAILPOINT_KILL_AT", "FAILPOINT_LIMITS"} & os.environ.keys():
    # Beside this file, which is on the path; the rendering children do without.
    import_module("kill_points").arm(os.environ)
if seconds := os.environ.get("FAILPOINT_TRANSFORM_SECONDS"):
    import_module("long_transform").arm(float(seconds))
