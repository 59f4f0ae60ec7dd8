"""Decoders that abort, hang or devour memory, for the processes that a test starts.

With this folder on PYTHONPATH, every Python process loads this module before its program; the
service itself knows nothing of it. A file asks for its fate by what stands behind its image's end.
"""

from __future__ import annotations

import os
import time

from colecionador.imaging import intake

ABORT, HANG, DEVOUR = b"--abort--", b"--hang--", b"--devour--"

_decode = vars(intake)["decode"]


def decode(data, header):  # type: ignore[no-untyped-def]  # stands in for whatever intake calls
    """What the genuine decoder does, unless the file asks for something else."""
    if data.endswith(ABORT):
        os.abort()
    if data.endswith(HANG):
        while True:
            time.sleep(3600)
    if data.endswith(DEVOUR):
        hoard = []
        while True:
            hoard.append(bytearray(64 * 1024 * 1024))
    return _decode(data, header)


vars(intake)["decode"] = decode
