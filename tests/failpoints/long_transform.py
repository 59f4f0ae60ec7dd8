"""A transform that computes for as long as it is told to.

Loaded by `sitecustomize` where the environment asks for it.
"""

from __future__ import annotations

import time

from colecionador.imaging import rendering

VARIATION = "blur"


def arm(seconds: float) -> None:
    """Let this variation of every photo take so long, of the processor's time as well."""
    genuine = vars(rendering)["make_variation"]

    def make_variation(image, variation, seed):  # type: ignore[no-untyped-def]  # as the genuine
        if variation.name == VARIATION:
            busy_until = time.monotonic() + seconds
            while time.monotonic() < busy_until:
                # In Python, so that it contends for the interpreter with the thread of the broker.
                sum(range(10_000))
        return genuine(image, variation, seed)

    vars(rendering)["make_variation"] = make_variation
