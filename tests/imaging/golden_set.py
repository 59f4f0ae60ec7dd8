"""The golden set: generated images, and the MD5 of every variation of each.

`python -m tests.imaging.golden_set` writes the MD5s anew. Do that only when other bytes are meant,
and count `RENDERING_REVISION` up with it, or objects of two kinds would share one plan version.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from colecionador.domain.plan import Variation
from colecionador.imaging.codec import AnyImage, ImageFormat, PlanarImage, Planes
from colecionador.imaging.rendering import Rendered, render
from tests.fix_images import Pixels, as_image
from tests.imaging.variations.samples import NINE, SHIPPED

PATH = Path(__file__).with_name("golden_set.json")
GOLDEN_VARIATIONS = (*NINE, *SHIPPED)


def golden_images() -> dict[str, AnyImage]:
    """Small images with edges, ramps and noise, one of each kind of pixels and format."""
    colour = _pattern(150, 101)
    alpha = np.dstack([colour, _pattern(150, 101)[::-1, :, 1]])
    return {
        "colour.jpg": as_image(colour, ImageFormat.JPEG),
        "grey.jpg": as_image(colour[:, :, 1].copy(), ImageFormat.JPEG),
        "colour.png": as_image(colour),
        "grey.png": as_image(colour[:, :, 1].copy()),
        "alpha.png": as_image(alpha),
        "planes.jpg": PlanarImage(_planes(_pattern(150, 100))),
    }


def golden_md5s() -> dict[str, dict[str, str]]:
    """The MD5 of every variation of every golden image, as this machine makes them."""
    return {
        name: {which.name: _md5(image, which) for which in GOLDEN_VARIATIONS}
        for name, image in golden_images().items()
    }


def _md5(image: AnyImage, which: Variation) -> str:
    made = render(image, which, item_id=123, plan_version="golden", jpeg_quality=90)
    assert isinstance(made, Rendered), made
    return made.md5


def _pattern(width: int, height: int) -> Pixels:
    down, across = np.mgrid[0:height, 0:width]
    noise = (down * 7919 + across * 104729) * 2654435761 % 2**32 >> 27
    blue = across * 255 // width
    green = np.where((across // 16 + down // 16) % 2, 210, 40) + noise
    red = 127 + 100 * np.sign(np.hypot(across - width / 2, down - height / 2) - 35) - noise
    return np.asarray(np.clip(np.dstack([blue, green, red]), 0, 255), np.uint8)


def _planes(colour: Pixels) -> Planes:
    luma, red, blue = cv2.split(cv2.cvtColor(colour, cv2.COLOR_BGR2YCrCb))
    return Planes(*(np.asarray(plane, np.uint8) for plane in (luma, blue[::2, ::2], red[::2, ::2])))


if __name__ == "__main__":
    PATH.write_text(json.dumps(golden_md5s(), indent=2) + "\n")
