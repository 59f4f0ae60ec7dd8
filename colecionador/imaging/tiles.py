"""A frame in 4x4 tiles: a portrait or a coin on a plain ground is sharp in some of them only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

TILES = 4

Frame = npt.NDArray[np.float32]
"""Numbers, (height, width)."""
Sums = npt.NDArray[np.float64]
"""A figure for each tile, (…, rows, columns): 4 x 4, fewer of a frame of fewer pixels a side."""


def side_by_side(shape: tuple[int, ...], count: int) -> tuple[Frame, Sequence[Frame]]:
    """Room for so many frames in one wide one, and each of them as a view of it to write to."""
    height, width = shape[:2]
    wide = np.empty((height, count * width), np.float32)
    return wide, [wide[:, left : left + width] for left in range(0, count * width, width)]


def tile_sums(wide: Frame, count: int) -> Sums:
    """The sums over each tile of so many frames, which stand side by side: (frames, rows, columns).

    First each band of tiles by OpenCV, which sums columns four times as fast as NumPy; of all
    frames at once, since a call takes as long as the sums of a small frame.
    """
    height, width = wide.shape[0], wide.shape[1] // count
    bands = [
        cv2.reduce(wide[top:bottom], 0, cv2.REDUCE_SUM, dtype=cv2.CV_64F)
        for top, bottom in pairwise(_edges(height))
    ]
    columns = _edges(width)[:-1]
    starts = [number * width + column for number in range(count) for column in columns]
    sums = np.add.reduceat(np.concatenate(bands), starts, axis=1)
    return sums.reshape(len(bands), count, len(columns)).swapaxes(0, 1)


def tile_areas(shape: tuple[int, ...]) -> Sums:
    """How many pixels each tile has, of a frame of this height and width."""
    rows, columns = (np.diff(_edges(side)) for side in shape[:2])
    return np.outer(rows, columns).astype(np.float64)


def _edges(side: int) -> list[int]:
    # Of fewer pixels than tiles some would be empty.
    return sorted({side * tile // TILES for tile in range(TILES + 1)})
