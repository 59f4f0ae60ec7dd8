"""Small images for recorded streams, the same on every run."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import simplejpeg


@cache
def image_bytes(kind: str, seed: int) -> bytes:
    """An encoded image: `photo`, `flat`, `png`, `truncated` or `text`."""
    if kind == "text":
        return b"this is no image"
    if kind == "flat":
        return bytes(simplejpeg.encode_jpeg(np.full((48, 64, 3), 128, np.uint8), 90, "BGR"))
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    pixels = np.ascontiguousarray(cv2.resize(noise, (64, 48), interpolation=cv2.INTER_NEAREST))
    if kind == "png":
        return bytes(cv2.imencode(".png", pixels)[1])
    encoded: bytes = simplejpeg.encode_jpeg(pixels, 90, "BGR")
    return encoded[: len(encoded) // 2] if kind == "truncated" else encoded
