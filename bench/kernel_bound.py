"""The kernel bound: the same work as bare library calls, one after the other on one thread.

    python -m bench.kernel_bound FILE…       prints CPU seconds and page faults an image, as JSON

No message, no store, no row: what libjpeg-turbo, OpenCV and hashlib need for an image's decoding,
scores, nine variations, nine files and ten MD5s. Its calls are those of the path that the service
takes, with the same parameters; its check of the files is not among them, since a perfect one
would cost nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from bench.figures import Outcome, Row, Table, spread
from bench.measure import usage
from bench.photographs import PHOTO
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers

Pixels = Any

QUIET_MALLOC = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4294967295"
    ":glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"
}
"""An allocator that keeps what it has: no large buffer is mapped and faulted in anew."""

BRIGHTER: Any = 30  # OpenCV's stubs know of arrays alone
CONTRAST = 1.3
GREY_SIDE = 512


def variations(pixels: Pixels) -> dict[str, Callable[[], Pixels]]:
    """The nine, each as the call that makes it."""
    return {
        "rotate_90": lambda: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
        "rotate_180": lambda: cv2.rotate(pixels, cv2.ROTATE_180),
        "rotate_270": lambda: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
        "flip_horizontal": lambda: cv2.flip(pixels, 1),
        "flip_vertical": lambda: cv2.flip(pixels, 0),
        "brightness": lambda: cv2.add(pixels.reshape(1, -1), BRIGHTER).reshape(pixels.shape),
        "contrast": lambda: _contrast(pixels),
        "blur": lambda: cv2.GaussianBlur(pixels, (5, 5), 1.1),
        "clahe": lambda: _clahe(pixels),
    }


def scores(pixels: Pixels) -> Pixels:
    """Grey at a long side of 512, and the variance of its Laplacian."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    while max(grey.shape) >= 2 * GREY_SIDE:
        height, width = (side // 2 for side in grey.shape)
        even = grey[: 2 * height, : 2 * width]
        grey = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S)), cv2.meanStdDev(grey)


def augment(data: bytes, spent: dict[str, float]) -> None:
    """All the work of one image; adds each step's CPU seconds to `spent`."""
    clock = _Clock(spent)
    clock.time("MD5", lambda: hashlib.md5(data).hexdigest())
    pixels = clock.time("decode", lambda: simplejpeg.decode_jpeg(data, "BGR"))
    clock.time("quality", lambda: scores(pixels))
    for name, make in variations(pixels).items():
        varied = clock.time(name, make)
        encoded = clock.time("encode ×9", lambda: _encode(varied))  # noqa: B023 - called at once
        clock.time("MD5", lambda: hashlib.md5(encoded).hexdigest())  # noqa: B023 - called at once


class _Clock:
    def __init__(self, spent: dict[str, float]) -> None:
        self._spent = spent

    def time(self, step: str, call: Callable[[], Pixels]) -> Pixels:
        started = time.process_time()
        result = call()
        self._spent[step] = self._spent.get(step, 0.0) + time.process_time() - started
        return result


def _encode(pixels: Pixels) -> Pixels:
    options = (
        *(cv2.IMWRITE_JPEG_QUALITY, 90),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
        *(cv2.IMWRITE_JPEG_RST_INTERVAL, ceil(pixels.shape[1] / 16)),
    )
    return cv2.imencode(".jpg", pixels, options)[1]


def _contrast(pixels: Pixels) -> Pixels:
    sums = cv2.sumElems(pixels)
    pivot = round((0.114 * sums[0] + 0.587 * sums[1] + 0.299 * sums[2]) / pixels[..., 0].size)
    levels = np.clip(np.rint(pivot + (np.arange(256) - pivot) * CONTRAST), 0, 255)
    return cv2.LUT(pixels, levels.astype(np.uint8))


def _clahe(pixels: Pixels) -> Pixels:
    luma_and_chroma = cv2.cvtColor(pixels, cv2.COLOR_BGR2YCrCb)
    luma = cv2.createCLAHE(2.0, (8, 8)).apply(cv2.extractChannel(luma_and_chroma, 0))
    cv2.insertChannel(luma, luma_and_chroma, 0)
    return cv2.cvtColor(luma_and_chroma, cv2.COLOR_YCrCb2BGR, dst=luma_and_chroma)


def bound(paths: Sequence[Path], *, quiet_malloc: bool) -> dict[str, float]:
    """CPU milliseconds an image, of each step and in all, and page faults, in a fresh process."""
    environment = os.environ | (QUIET_MALLOC if quiet_malloc else {})
    command = (sys.executable, "-m", "bench.kernel_bound", *map(str, paths))
    done = subprocess.run(command, env=environment, check=True, capture_output=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def run(servers: Servers, scale: Scale) -> Outcome:
    """Where the kernels' own time goes, with the allocator as it comes and with a quiet one."""
    paths = servers.provide(PHOTO, scale.bound_photos)
    pairs = rounds(
        scale.rounds,
        scale.seconds / 6,
        lambda: [bound(paths, quiet_malloc=quiet) for quiet in (False, True)],
    )
    rows = tuple(
        Row(step, tuple(spread([each[side][step] for each in pairs]) for side in (0, 1)))
        for step in pairs[0][0]
    )
    note = "CPU milliseconds of one thread, but for the page faults."
    title = f"Kernel bound of a {PHOTO.name} (12 megapixels)"
    return Outcome((Table(title, ("malloc as it comes", "quiet malloc"), rows, note),))


def main(names: Sequence[str]) -> None:
    """Measure on these files, after a first one to warm up."""
    cv2.setNumThreads(1)
    files = [Path(name).read_bytes() for name in names]
    augment(files[0], {})
    spent: dict[str, float] = {}
    before = usage([os.getpid()])
    started = time.process_time()
    for data in files:
        augment(data, spent)
    total = time.process_time() - started
    faults = usage([os.getpid()]).faults - before.faults
    each = {step: 1000 * seconds / len(files) for step, seconds in spent.items()}
    result = {**each, "total": 1000 * total / len(files), "page faults": faults / len(files)}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
