"""Batches in which a message may come twice, while a statement may touch a row only once."""

from __future__ import annotations

from collections.abc import Sequence


def waves(message_ids: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The positions of a batch, split so that no wave has a message twice.

    The first wave has the first entry of every message, the second the second of those that have
    one, and so on: writing wave after wave is writing in order. Inside a wave positions are
    sorted by message, so that two batches lock their rows in the same order.

    >>> waves(["b", "a", "b"])
    ((1, 0), (2,))
    """
    seen: dict[str, int] = {}
    found: list[list[int]] = []
    for position, message_id in enumerate(message_ids):
        turn = seen.get(message_id, 0)
        seen[message_id] = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(position)
    return tuple(tuple(sorted(wave, key=lambda at: message_ids[at])) for wave in found)
