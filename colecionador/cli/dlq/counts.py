"""So many letters, in words."""

from __future__ import annotations

from collections import Counter


def counted(types: Counter[str]) -> str:
    """How many letters of which types.

    >>> counted(Counter({"poison": 1, "source_missing": 2}))
    '3 dead letters (2 source_missing, 1 poison)'
    """
    total = types.total()
    parts = ", ".join(f"{count} {name}" for name, count in types.most_common())
    return f"{total} dead {'letter' if total == 1 else 'letters'} ({parts})"
