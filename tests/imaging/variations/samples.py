"""Variations with parameters that a plan might have, and images of every shape to try them on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from colecionador.domain.plan import Variation, load_plan
from colecionador.imaging.codec import Image
from colecionador.imaging.variations import check_operation, make_variation
from tests.fix_images import Pixels, as_image, variation

PLAN = load_plan(None, check_operation)
NINE = PLAN.base
SHIPPED = tuple(known for _, own in PLAN.by_categoria for known in own)
"""What the categorias of the plan that is shipped have besides."""
ADAPTIVE = (
    variation("rotate", "rotate_45", degrees=45, corners="reflect"),
    variation("rotate", "rotate_135", degrees=135, corners="crop"),
    variation("rotate", "tilt_left", degrees=-5, corners="crop"),
    variation("perspective", "perspective_left", side="left", strength=0.25, jitter=0.2),
    variation("perspective", "perspective_right", side="right", strength=0.25, jitter=0.2),
    variation("zoom", "zoom_in", factor=1.25),
    variation("zoom", "zoom_out", factor=0.8),
    variation("elastic", "elastic_1", amplitude=0.01, cells=6),
    variation("color_jitter", "color_jitter_1", brightness=20, contrast=0.2, saturation=0.3, hue=8),
    variation("color_shift", "color_shift_warm", warmth=0.5, jitter=0.2),
    variation("color_shift", "color_shift_cool", warmth=-0.5, jitter=0.2),
)
ALL = (*NINE, *ADAPTIVE)


def by_name(name: str) -> Variation:
    """The variation of that name."""
    return next(known for known in ALL if known.name == name)


def varied(pixels: Pixels, which: Variation, seed: int = 1) -> Pixels:
    """The variation's pixels."""
    return make_variation(as_image(pixels), which, seed).pixels


@st.composite
def images(draw: st.DrawFn, channels: tuple[int, ...] = (1, 3, 4)) -> Image:
    """Small images of any shape and content, and now and then one that is long and thin."""
    long_side = st.sampled_from([1, 2, 3, 4, 5, 8, 16, 31, 64, 5000])
    width, height = draw(long_side), draw(long_side)
    if width * height > 20_000:
        height = 1
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    depth = draw(st.sampled_from(channels))
    size = (height, width) if depth == 1 else (height, width, depth)
    low = draw(st.sampled_from([0, 0, 100, 250]))
    high = draw(st.sampled_from([5, 120, 256, 256]))
    pixels = random.integers(min(low, high - 1), max(low + 1, high), size, dtype=np.uint8)
    return as_image(pixels)
