"""The kernel bound: the same work as bare library calls, one after the other on one thread.

    python -m bench.kernel_bound FILE…       prints CPU seconds and page faults an image, as JSON

No message, no store, no row: what libjpeg-turbo, OpenCV and hashlib need for an image's decoding,
scores, nine variations, nine files and ten MD5s. Its calls are those of the path that the service
takes, in planes, with the same parameters; its check of the files is not among them, since a
perfect one would cost nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.figures import Outcome, Row, Table, spread
from bench.measure import usage
from bench.photographs import PHOTO
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers
from colecionador.imaging.codec import Planes
from colecionador.imaging.codec.turbojpeg import decode_planes, encode_planes

Pixels = Any
opencv: Any = cv2  # its stubs do not know the element type of what it returns

QUIET_MALLOC = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4294967295"
    ":glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"
}
"""An allocator that keeps what it has: no large buffer is mapped and faulted in anew."""

BRIGHTER = 30
CONTRAST = 1.3
QUALITY = 90
GREY_SIDE = 512


def variations(planes: Planes) -> dict[str, Callable[[], Planes]]:
    """The nine, each as the calls that make it."""
    return {
        "rotate_90": lambda: planes.each(lambda p: opencv.rotate(p, opencv.ROTATE_90_CLOCKWISE)),
        "rotate_180": lambda: planes.each(lambda p: opencv.rotate(p, opencv.ROTATE_180)),
        "rotate_270": lambda: planes.each(
            lambda p: opencv.rotate(p, opencv.ROTATE_90_COUNTERCLOCKWISE)
        ),
        "flip_horizontal": lambda: planes.each(lambda p: opencv.flip(p, 1)),
        "flip_vertical": lambda: planes.each(lambda p: opencv.flip(p, 0)),
        "brightness": lambda: replace(planes, luma=_brighter(planes.luma)),
        "contrast": lambda: _contrast(planes),
        "blur": lambda: _blurred(planes),
        "clahe": lambda: replace(planes, luma=opencv.createCLAHE(2.0, (8, 8)).apply(planes.luma)),
    }


def scores(luma: Pixels) -> Pixels:
    """Luma at a long side of 512, and the variance of its Laplacian."""
    grey = luma
    while max(grey.shape) >= 2 * GREY_SIDE:
        height, width = (side // 2 for side in grey.shape)
        even = grey[: 2 * height, : 2 * width]
        grey = opencv.resize(even, (width, height), interpolation=opencv.INTER_AREA)
    return opencv.meanStdDev(opencv.Laplacian(grey, opencv.CV_16S)), opencv.meanStdDev(grey)


def augment(data: bytes, width: int, height: int, spent: dict[str, float]) -> None:
    """All the work of one image; adds each step's CPU seconds to `spent`."""
    clock = _Clock(spent)
    clock.time("MD5", lambda: hashlib.md5(data).hexdigest())
    planes = clock.time("decode", lambda: decode_planes(data, width, height))
    clock.time("quality", lambda: scores(planes.luma))
    for name, make in variations(planes).items():
        varied = clock.time(name, make)
        encoded = clock.time("encode ×9", partial(encode_planes, varied, QUALITY))
        clock.time("MD5", partial(hashlib.md5, encoded))


class _Clock:
    def __init__(self, spent: dict[str, float]) -> None:
        self._spent = spent

    def time(self, step: str, call: Callable[[], Pixels]) -> Pixels:
        started = time.process_time()
        result = call()
        self._spent[step] = self._spent.get(step, 0.0) + time.process_time() - started
        return result


def _brighter(luma: Pixels) -> Pixels:
    return opencv.add(luma.reshape(1, -1), BRIGHTER).reshape(luma.shape)


def _contrast(planes: Planes) -> Planes:
    pivot = round(opencv.sumElems(planes.luma)[0] / planes.luma.size)
    chroma = _levels(128)
    blue, red = opencv.LUT(planes.blue, chroma), opencv.LUT(planes.red, chroma)
    return Planes(opencv.LUT(planes.luma, _levels(pivot)), blue, red)


def _levels(pivot: int) -> Pixels:
    return np.clip(np.rint(pivot + (np.arange(256) - pivot) * CONTRAST), 0, 255).astype(np.uint8)


def _blurred(planes: Planes) -> Planes:
    blue, red = (opencv.GaussianBlur(each, (3, 3), 0.55) for each in (planes.blue, planes.red))
    return Planes(opencv.GaussianBlur(planes.luma, (5, 5), 1.1), blue, red)


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
    width, height = (int(side) for side in Path(names[0]).stem.split("-")[0].split("x"))
    augment(files[0], width, height, {})
    spent: dict[str, float] = {}
    before = usage([os.getpid()])
    started = time.process_time()
    for data in files:
        augment(data, width, height, spent)
    total = time.process_time() - started
    faults = usage([os.getpid()]).faults - before.faults
    each = {step: 1000 * seconds / len(files) for step, seconds in spent.items()}
    result = {**each, "total": 1000 * total / len(files), "page faults": faults / len(files)}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
