"""The watchdog: ends a process that cannot go on, so that its supervisor starts it anew.

* A photo that has been computing for too long: a thread that hangs in a decoder cannot be ended
  alone. Its deliveries come back as suspects, and the one at fault hangs its child and is known.
* A lane of the cluster that nobody has heard for too long: its process is stopped, or cut off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from colecionador.steps.pools import Pool
from connectors.lanes.signals import Peers

LOOK_SECONDS = 1.0

Check = Callable[[], str | None]
"""What is wrong, if anything."""


def watch(checks: Sequence[Check], die: Callable[[BaseException], None]) -> None:
    """Look every second, on a thread of its own; call `die` with the first finding."""

    def look() -> None:
        while not never.wait(LOOK_SECONDS):
            for check in checks:
                finding = check()
                if finding is not None:
                    die(TimeoutError(finding))

    never = threading.Event()
    threading.Thread(target=look, name="watchdog", daemon=True).start()


def hanging_photo(pool: Pool, limit_seconds: float) -> Check:
    """A call of the compute pool that takes too long.

    A suspect's own deadline is the same and has to end its child first, not this process.
    """

    def check() -> str | None:
        seconds = pool.longest_call_seconds()
        if seconds <= limit_seconds + 2 * LOOK_SECONDS:
            return None
        return f"a photo has been computing for {seconds:.0f} s; it will be told by itself"

    return check


def silent_peer(peers: Peers, limit_seconds: float) -> Check:
    """A lane that was not heard for too long, of this process or of another."""

    def check() -> str | None:
        silence = peers.silence()
        if silence is None or silence[1] <= limit_seconds:
            return None
        lane, seconds = silence
        return f"{lane} was not heard for {seconds:.0f} s; its process is stopped or cut off"

    return check
