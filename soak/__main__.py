"""`python -m soak MINUTES [SEED]`: load and faults for so long, then the books; 0 where clean."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from random import Random

from soak.books import close_books
from soak.faults import faults
from soak.load import Load
from soak.replicas import COMMAND, Replica
from soak.report import print_report
from soak.site import Site, new_site

REPLICAS = 2
BETWEEN_FAULTS_SECONDS = (1.0, 8.0)
MEASURE_SECONDS = 1.0
IDLE_SECONDS = 3
"""Longer than a message takes from a wait room to the work queue."""


def main() -> int:
    """Soak for so many minutes; the seed, by default the time, chooses the faults."""
    minutes = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"soak: {minutes:g} minutes, seed {seed}, {REPLICAS} replicas", flush=True)
    with new_site() as site:
        return _soak(site, minutes * 60, Random(seed))


def _soak(site: Site, seconds: float, random: Random) -> int:
    replicas = [Replica(site.service_environment) for _ in range(REPLICAS)]
    measuring = threading.Event()
    threading.Thread(target=_measure, args=(replicas, measuring), daemon=True).start()
    load = Load(site, random)
    happened: Counter[str] = Counter()
    try:
        choices = faults(site, replicas)
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            time.sleep(random.uniform(*BETWEEN_FAULTS_SECONDS))
            fault = random.choice(choices)
            print(f"soak: {len(load.sent):6} sent; {fault.name}", flush=True)
            fault.happen(random)
            happened[fault.name] += 1
    finally:
        measuring.set()
        load.stop()
        for replica in replicas:
            replica.stop()
    _work_off(site)
    return print_report(close_books(site, load.sent), load.sent, happened, replicas)


def _measure(replicas: list[Replica], measured: threading.Event) -> None:
    while not measured.wait(MEASURE_SECONDS):
        for replica in replicas:
            replica.measure()


def _work_off(site: Site) -> None:
    """What is left, by one process without faults; it ends when nothing waits any more."""
    print("soak: working off what is left", flush=True)
    environment = site.service_environment | {
        "AUGMENT_EXIT_WHEN_IDLE": str(IDLE_SECONDS),
        "AUGMENT_LOG_LEVEL": "WARNING",
    }
    subprocess.run(COMMAND, env=environment, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
