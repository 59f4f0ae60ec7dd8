"""What backends of telemetry have lost, as a test sees it."""

import threading
from collections import Counter


class LostCount:
    """Called as `Lost`: counts events by backend; may be awaited."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._told = threading.Condition()

    def __call__(self, backend: str, events: int) -> None:
        with self._told:
            self.counts[backend] += events
            self._told.notify_all()

    def wait_for(self, backend: str, events: int) -> None:
        with self._told:
            enough = self._told.wait_for(lambda: self.counts[backend] >= events, 20)
        assert enough, self.counts
