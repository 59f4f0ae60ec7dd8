"""The I/O thread: one per process, where all talking to the broker happens.

Pika's connections belong to one thread, and starve when that thread does anything else. So this
one does nothing else: other threads hand it short functions through `call`.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pika.adapters.select_connection import IOLoop


@dataclass(slots=True, eq=False)
class Timer:
    """A function that will be called on the I/O thread, unless cancelled there before."""

    due: float
    function: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Do not call it any more."""
        self.cancelled = True


class IoThread:
    """A thread that runs one pika loop until it is stopped.

    An exception in a callback, which would end pika's loop, goes to `on_error` instead, on the
    I/O thread; the loop and all timers go on.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self.loop = IOLoop()
        self._on_error = on_error
        self._stopped = False
        self._timers: dict[int, Timer] = {}
        self._timer_numbers = itertools.count()
        self._thread = threading.Thread(target=self._run, name="rabbitmq-io", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function on the I/O thread, soon; from any thread. No effect once stopped."""
        self.loop.add_callback_threadsafe(lambda: self._guarded(function))

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Run a function after a while; only from the I/O thread."""
        timer = Timer(time.monotonic() + seconds, function)
        self._arm(next(self._timer_numbers), timer)
        return timer

    def stop(self) -> None:
        """End the loop; only from the I/O thread."""
        self._stopped = True
        self.loop.stop()

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end; True where it did."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopped:
            try:
                self.loop.start()
            except Exception as error:  # noqa: BLE001 - the loop must outlive whatever pika raises
                self._recover(error)
        self.loop.close()

    def _recover(self, error: Exception) -> None:
        self._guarded(lambda: self._on_error(error))
        # Pika forgets the timers that were due together with the one that raised.
        timers, self._timers = self._timers, {}
        for number, timer in timers.items():
            self._arm(number, timer)

    def _arm(self, number: int, timer: Timer) -> None:
        self._timers[number] = timer
        self.loop.call_later(
            max(0.0, timer.due - time.monotonic()), lambda: self._fire(number, timer)
        )

    def _fire(self, number: int, timer: Timer) -> None:
        if self._timers.pop(number, None) is not None and not timer.cancelled:
            self._guarded(timer.function)

    def _guarded(self, function: Callable[[], None]) -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - raised further, it would end pika's loop
            self._on_error(error)
