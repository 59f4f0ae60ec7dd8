"""From an operation on pixels to the same one on planes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import numpy as np
import numpy.typing as npt

from colecionador.imaging.codec.image import Pixels
from colecionador.imaging.codec.planes import Planes
from colecionador.imaging.variations.operation import Apply, ApplyToPlanes, Parameters

Map = npt.NDArray[np.float64]
"""3 x 3: where a pixel of the image comes to lie, in homogeneous coordinates."""
Warp = Callable[[Pixels, Map, tuple[int, int]], Pixels]
"""Warps pixels by a map to a width and height."""

_CHROMA_TO_LUMA: Map = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
"""A chroma sample lies in the middle of its four pixels."""


def warped(planes: Planes, mapped: Map, size: tuple[int, int], warp: Warp) -> Planes:
    """Warp each plane as `mapped` says of luma, to a width and height that are even."""
    of_chroma = np.linalg.inv(_CHROMA_TO_LUMA) @ mapped @ _CHROMA_TO_LUMA
    half = (size[0] // 2, size[1] // 2)
    return Planes(
        warp(planes.luma, mapped, size),
        warp(planes.blue, of_chroma, half),
        warp(planes.red, of_chroma, half),
    )


def of_each_plane(apply: Apply) -> ApplyToPlanes:
    """For what moves pixels about without mixing them, and draws nothing."""

    def applied(planes: Planes, parameters: Parameters, random: Random) -> Planes:
        return planes.each(lambda plane: apply(plane, parameters, random))

    return applied


def of_luma(apply: Apply) -> ApplyToPlanes:
    """For what changes how light a pixel is, and not its colour."""

    def applied(planes: Planes, parameters: Parameters, random: Random) -> Planes:
        return replace(planes, luma=apply(planes.luma, parameters, random))

    return applied
