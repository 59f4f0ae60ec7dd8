"""Photographs to measure on: each of its own content, all alike in size and in detail.

No package has hundreds of 12-megapixel photographs. Enlarging a small one gives a smooth picture
that compresses to a third of a real one's bytes, and repeating one would let caches help. So each
is a mosaic of pieces of scikit-image's real photographs at their native resolution, drawn, turned
and lit at random from a seed of its own. They take 0.3 bytes a pixel at quality 90, as photographs
do, and so cost a codec as much. The seams between pieces are few: a piece has 250 pixels a side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

SOURCES = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "motorcycle_left.png",
    "motorcycle_right.png",
)
PIECE = 250
"""Pixels a side."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of photographs."""

    name: str
    width: int
    height: int
    quality: int
    """Of the JPEG, so that its size comes near to what the name says."""


PHOTO = Kind("4 MB photo", 4000, 3000, 90)
WEB_PHOTO = Kind("300 KB photo", 1152, 864, 90)
THUMBNAIL = Kind("20 KB thumbnail", 288, 216, 90)
LARGEST = Kind("120 MP photo", 12000, 10000, 90)


def photograph(kind: Kind, number: int) -> bytes:
    """The photograph of this number, as JPEG; the same number gives the same one."""
    random = Random(f"{kind.name} {number}")
    canvas = np.empty((kind.height, kind.width, 3), np.uint8)
    for top in range(0, kind.height, PIECE):
        for left in range(0, kind.width, PIECE):
            height, width = canvas[top : top + PIECE, left : left + PIECE].shape[:2]
            canvas[top : top + PIECE, left : left + PIECE] = _piece(random, height, width)
    _, data = cv2.imencode(".jpg", canvas, (cv2.IMWRITE_JPEG_QUALITY, kind.quality))
    return data.tobytes()


def write_photographs(kind: Kind, count: int, folder: Path) -> list[Path]:
    """The first `count` photographs as files in a folder; those that are there stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    return list(_written(kind, count, folder))


def _written(kind: Kind, count: int, folder: Path) -> Iterator[Path]:
    for number in range(count):
        path = folder / f"{kind.width}x{kind.height}-{number}.jpg"
        if not path.exists():
            path.write_bytes(photograph(kind, number))
        yield path


def _piece(random: Random, height: int, width: int) -> Pixels:
    source = random.choice(_sources())
    top = random.randint(0, source.shape[0] - height)
    left = random.randint(0, source.shape[1] - width)
    piece = source[top : top + height, left : left + width]
    if random.random() < 0.5:
        piece = piece[:, ::-1]
    lit: Pixels = cv2.convertScaleAbs(piece, alpha=random.uniform(0.85, 1.1)).astype(np.uint8)
    return lit


@cache
def _sources() -> tuple[Pixels, ...]:
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise FileNotFoundError("scikit-image is not installed; run: make setup")
    folder = Path(package.origin).parent / "data"
    return tuple(_read(folder / name) for name in SOURCES)


def _read(path: Path) -> Pixels:
    pixels = cv2.imread(str(path))
    if pixels is None:
        raise FileNotFoundError(f"{path} is not there; run: make setup")
    return pixels.astype(np.uint8)
