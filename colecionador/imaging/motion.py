"""Motion blur: fine detail is gone along one direction, and still there across it.

The variance of the Laplacian adds up all directions, so what lies across the movement hides what
the movement took: of 235 photographs moved by 3 % of the long side its limits find 34 %. Here the
detail along each direction is measured by itself, and the poorest direction counts: 96 %.

Detail along a direction is the energy of the second derivative relative to that of the first, both
of the image smoothed a little (a 5x5 binomial, a Gaussian of sigma 1). Relative, since a scene may
have little to see in a direction without having moved. Second derivatives along every direction
follow from three of them, so all directions cost as much as one.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from colecionador.imaging.codec.image import Pixels
from colecionador.imaging.tiles import Frame, side_by_side, tile_areas, tile_sums

_BINOMIAL = np.array((1, 4, 6, 4, 1), np.float64)
_SMOOTHED = 256.0
"""What the smoothing multiplies by. Left so, the derivatives are whole numbers: no rounding."""
_FLOOR = 1.0
"""Added to the energy of the first derivative, so that a plain area's noise counts for nothing."""
_ACROSS = np.array([[1, -2, 1]], np.float64)
_DIAGONAL = np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], np.float64)
_SLOPE = np.array([[-1, 0, 1]], np.float64)

_PRODUCTS = 9
"""Of two derivatives: six of the second ones, then three of the first."""

_ANGLES = np.arange(16) * np.pi / 16
_COSINE, _SINE = np.cos(_ANGLES), np.sin(_ANGLES)

Energies = npt.NDArray[np.float64]
"""Mean products of derivatives, (9, areas): six of the second ones, then three of the first."""


def directional_detail(grey: Pixels) -> tuple[float, float]:
    """The detail along the poorest direction: of the whole frame, and of its best tile.

    `grey` is (h, w), reduced to the size that the thresholds are meant for. The best tile is the
    one with the most absolute detail along its own poorest direction.
    """
    sums, areas = tile_sums(_products(grey), _PRODUCTS), tile_areas(grey.shape)
    whole = sums.sum(axis=(1, 2)) / areas.sum()
    tiles = (sums / areas).reshape(len(sums), -1)
    energies: Energies = np.column_stack((whole, tiles))
    second = _second(energies)
    poorest = (second / (_first(energies) + _FLOOR)).min(axis=1)
    best = 1 + int(second[1:].min(axis=1).argmax())
    return float(poorest[0]), float(poorest[best])


def _products(grey: Pixels) -> Frame:
    """The products of the derivatives at each pixel, side by side: (h, 9 w)."""
    smooth = cv2.sepFilter2D(grey, cv2.CV_32F, _BINOMIAL, _BINOMIAL)
    across, down = cv2.filter2D(smooth, -1, _ACROSS), cv2.filter2D(smooth, -1, _ACROSS.T)
    mixed = cv2.filter2D(smooth, -1, _DIAGONAL)
    right, below = cv2.filter2D(smooth, -1, _SLOPE), cv2.filter2D(smooth, -1, _SLOPE.T)
    pairs = (
        *((across, across), (across, mixed), (across, down)),
        *((mixed, mixed), (mixed, down), (down, down)),
        *((right, right), (right, below), (below, below)),
    )
    wide, products = side_by_side(grey.shape, _PRODUCTS)
    for (one, other), product in zip(pairs, products, strict=True):
        cv2.multiply(one, other, dst=product)
    return wide


def _second(energies: Energies) -> Energies:
    """The energy of the second derivative along each of sixteen directions, (areas, 16)."""
    xx, xm, xy, mm, my, yy = energies[:6, :, np.newaxis] / _SMOOTHED**2
    # The mixed derivative's kernel is four times the derivative.
    a, b, c = _COSINE**2, _COSINE * _SINE / 2, _SINE**2
    return np.asarray(
        a * a * xx + 2 * a * b * xm + 2 * a * c * xy + b * b * mm + 2 * b * c * my + c * c * yy
    )


def _first(energies: Energies) -> Energies:
    """The energy of the first derivative along each of sixteen directions, (areas, 16)."""
    rr, rb, bb = energies[6:, :, np.newaxis] / (2 * _SMOOTHED) ** 2
    return np.asarray(_COSINE**2 * rr + 2 * _COSINE * _SINE * rb + _SINE**2 * bb)
