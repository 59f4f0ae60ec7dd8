"""Replicas of the service under a small supervisor: what ends is started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import IO

import psutil

COMMAND = (sys.executable, "-m", "bytewax.run", "flows.augment")
DRAIN_SECONDS = 60
RESTART_SECONDS = 0.5


class Replica:
    """One process, again and again, until `stop`; counts the events of its log."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.events: Counter[str] = Counter()
        self.redeliveries = 0
        self.unexpected: list[str] = []
        """The last lines of a process that ended of its own accord."""
        self.memory: list[tuple[int, float, int]] = []
        """Process id, seconds since it started, and resident bytes."""
        self._environment = dict(environment)
        self._stopping = threading.Event()
        self._killed: set[int] = set()
        self._process = self._start()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """End what runs at this moment with SIGKILL."""
        process = self._process
        self._killed.add(process.pid)
        process.kill()

    def drain(self) -> None:
        """Ask it by SIGTERM: it finishes what it holds, ends, and is started again."""
        process = self._process
        self._killed.add(process.pid)
        process.terminate()

    def pause(self) -> None:
        """Freeze it by SIGSTOP: its connections stay open, nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on by SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def measure(self) -> None:
        """Note how much memory it has now."""
        try:
            seen = psutil.Process(self._process.pid)
            age = time.time() - seen.create_time()
            self.memory.append((seen.pid, age, seen.memory_info().rss))
        except psutil.Error:
            return  # between two of its processes

    def stop(self) -> None:
        """Drain it for good; one that does not end in time is killed."""
        self._stopping.set()
        process = self._process
        self._killed.add(process.pid)
        process.terminate()
        try:
            process.wait(DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.unexpected.append(f"did not end within {DRAIN_SECONDS} s of SIGTERM")
            process.kill()
        self._thread.join()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            COMMAND,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def _supervise(self) -> None:
        while True:
            process = self._process
            last = self._read(process.stderr)
            code = process.wait()
            if process.pid not in self._killed:
                self.unexpected.append(f"exit code {code}: {''.join(last)[-2000:]}")
            if self._stopping.wait(RESTART_SECONDS):
                return
            self._process = self._start()

    def _read(self, stream: IO[str] | None) -> list[str]:
        """Count the log's lines until the process ends; its last ones."""
        last: list[str] = []
        for text in stream or ():
            last = [*last[-4:], text]
            try:
                line = json.loads(text)
            except ValueError:
                continue
            self.events[line.get("event", "")] += 1
            self.redeliveries += line.get("redelivered") is True
        return last
