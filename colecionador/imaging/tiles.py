"""A frame in 4x4 tiles: a portrait or a coin on a plain ground is sharp in some of them only."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

TILES = 4


def tile_slices(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Rows and columns of the tiles of a frame of this height and width; none of them is empty."""
    rows, columns = (
        [slice(start, stop) for start, stop in pairwise(_edges(side)) if stop > start]
        for side in shape[:2]
    )
    return [(down, across) for down in rows for across in columns]


def _edges(side: int) -> list[int]:
    return [int(edge) for edge in np.linspace(0, side, TILES + 1).astype(int)]
