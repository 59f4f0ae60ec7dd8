"""One item alone in the system: from its message's publication to its completion."""

from __future__ import annotations

import time

from bench.completions import Completions
from bench.contender import Running
from bench.site import Site


class LoneItems:
    """Sends a site one item at a time, each of another photograph, once the one before is done."""

    def __init__(
        self, site: Site, completions: Completions, running: Running, photographs: int
    ) -> None:
        self._site = site
        self._completions = completions
        self._running = running
        self._photographs = photographs
        self._sent = 0

    def one(self) -> tuple[int, float]:
        """The id of the next item and the seconds that it took."""
        self._sent += 1
        published = time.monotonic()
        self._site.publish([self._sent], self._photographs)
        arrived = self._completions.wait_for(self._sent, self._running)[-1]
        return self._sent, arrived - published
