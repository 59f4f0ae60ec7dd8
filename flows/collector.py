"""Python's cycle collector, in a process that makes few cycles and many records."""

from __future__ import annotations

import gc


def spare_the_collector() -> None:
    """Let the cycle collector leave alone what lives as long as the process, and run less often.

    It took half of the control plane's time, going again and again through modules and through
    records in flight that are in no cycle. The threshold stays low enough for a rare cycle that
    holds pixels, such as a traceback's, to go within some thirty items.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
