"""The images of the plain consumer: OpenCV as its tutorials show it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

Pixels = Any
"""What OpenCV reads and writes."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A variation as a file."""

    data: bytes
    md5: str
    width: int
    height: int


def decode(data: bytes) -> Pixels:
    """The image of a file; `ValueError` where it is none."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("the file does not decode")
    return pixels


def quality(pixels: Pixels) -> dict[str, float]:
    """Sharpness, brightness and contrast."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    return {
        "blur": float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
    }


def make(name: str, pixels: Pixels) -> Encoded:
    """One variation, encoded, and decoded again to see that it can be."""
    varied = VARIATIONS[name](pixels)
    _, buffer = cv2.imencode(".jpg", varied, (cv2.IMWRITE_JPEG_QUALITY, 90))
    data = buffer.tobytes()
    if decode(data).shape != varied.shape:
        raise ValueError(f"{name} does not decode to what it was")
    height, width = varied.shape[:2]
    return Encoded(data, hashlib.md5(data).hexdigest(), width, height)


def _clahe(pixels: Pixels) -> Pixels:
    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2LAB)
    lightness, a, b = cv2.split(lab)
    equalised = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lightness)
    return cv2.cvtColor(cv2.merge((equalised, a, b)), cv2.COLOR_LAB2BGR)


VARIATIONS: dict[str, Callable[[Pixels], Pixels]] = {
    "rotate_90": lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    "rotate_180": lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    "rotate_270": lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
    "flip_horizontal": lambda pixels: cv2.flip(pixels, 1),
    "flip_vertical": lambda pixels: cv2.flip(pixels, 0),
    "brightness": lambda pixels: cv2.convertScaleAbs(pixels, alpha=1.0, beta=30),
    "contrast": lambda pixels: cv2.convertScaleAbs(pixels, alpha=1.3, beta=0),
    "blur": lambda pixels: cv2.GaussianBlur(pixels, (5, 5), 0),
    "clahe": _clahe,
}
