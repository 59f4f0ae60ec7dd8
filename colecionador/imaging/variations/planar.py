"""From an operation on pixels to the same one on planes."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from colecionador.imaging.codec.planes import Planes
from colecionador.imaging.variations.operation import Apply, ApplyToPlanes, Parameters


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
