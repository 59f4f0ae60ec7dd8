"""What a soak says at its end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from soak.books import Verdict
from soak.load import Kind
from soak.replicas import Replica

MEBIBYTE = 1024 * 1024
WARM_UP_SECONDS = 20
"""Of a process: until then it imports, connects, and sees its first photographs."""
SAMPLES_AT_LEAST = 10


def print_report(
    verdict: Verdict,
    sent: Mapping[str, Kind],
    happened: Mapping[str, int],
    replicas: Sequence[Replica],
) -> int:
    """Print the figures; 0 where nothing is lost, doubled, wrong, half or ended by itself."""
    events = sum((replica.events for replica in replicas), Counter[str]())
    unexpected = [text for replica in replicas for text in replica.unexpected]
    slope = memory_slope([sample for replica in replicas for sample in replica.memory])
    kinds = Counter(sent.values())
    lines = {
        "messages sent": f"{len(sent)}, {kinds[Kind.GOOD]} of them good",
        "successes": verdict.successes,
        "dead letters": verdict.dead_letters,
        "faults": sum(happened.values()),
        **{f"  {name}": count for name, count in sorted(happened.items())},
        "redeliveries": sum(replica.redeliveries for replica in replicas),
        "duplicates suppressed": events["Duplicate acknowledged"],
        "published again, same id": verdict.duplicates,
        "outages seen": events["Dependency down"],
        "lost": _listed(verdict.lost),
        "doubled": _listed(verdict.doubled),
        "wrong end": _listed(verdict.wrong),
        "half done": _listed(verdict.half),
        "processes that ended by themselves": len(unexpected),
        "memory slope": "too short to say" if slope is None else f"{slope:+.2f} MiB a minute",
    }
    for name, value in lines.items():
        print(f"  {name:<36} {value}")
    for text in unexpected:
        print(text)
    return 0 if verdict.clean and not unexpected else 1


def memory_slope(samples: Sequence[tuple[int, float, int]]) -> float | None:
    """MiB a minute, over all processes that lived for long enough; None where none did.

    Each process counts from its own mean, since one that was just started has less than another.
    """
    processes: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for process, age, resident in samples:
        if age > WARM_UP_SECONDS:
            processes[process].append((age / 60, resident / MEBIBYTE))
    centred = [
        np.array(points) - np.mean(points, axis=0)
        for points in processes.values()
        if len(points) >= SAMPLES_AT_LEAST
    ]
    if not centred:
        return None
    ages, sizes = np.concatenate(centred).T
    return float(ages @ sizes / (ages @ ages))


def _listed(message_ids: Sequence[str]) -> str:
    shown = ", ".join(message_ids[:10])
    return f"{len(message_ids)} ({shown})" if message_ids else "0"
