"""Memory is known before it is taken: a header says what decoding will need, and it is true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fix_images import (
    exif_block,
    header_of,
    jpeg_file,
    photograph_pixels,
    png_chunk,
    png_file,
    raw_png,
    with_chunks,
)

PHOTO = photograph_pixels("coffee.png", 2000, 1500)
MEBIBYTE = 1024 * 1024

_PEAK = """
import sys
from pathlib import Path
from tests.fix_images import decoded, jpeg_file, np, png_file
from tests.imaging.variations.samples import NINE
from colecionador.imaging.rendering import render

def resident(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))

data = Path(sys.argv[1]).read_bytes()
small = np.zeros((64, 64, 3), np.uint8)
for warm in (decoded(jpeg_file(small)), decoded(png_file(small))):
    for which in NINE:
        render(warm, which, item_id=1, plan_version="", jpeg_quality=90)
image = decoded(data) if sys.argv[2] == "render" else None
Path("/proc/self/clear_refs").write_text("5")
before = resident("VmRSS")
if image is None:
    image = decoded(data)
else:
    for which in NINE:
        render(image, which, item_id=1, plan_version="", jpeg_quality=90)
print(resident("VmHWM") - before)
"""
"""Prints how far memory rose above where it stood, in bytes: Linux can set the mark back."""


def peak(data: bytes, work: str, folder: Path) -> int:
    path = folder / "image"
    path.write_bytes(data)
    child = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path), work],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(child.stdout)


def grey_of_16_bits() -> bytes:
    samples = (np.arange(1500)[:, None] * 20 + np.arange(2000)) % 65536
    return b"".join(b"\x00" + row.astype(">u2").tobytes() for row in samples)


FILES = {
    "jpeg": lambda: jpeg_file(PHOTO),
    "turned jpeg": lambda: jpeg_file(PHOTO, exif=b"Exif\x00\x00" + exif_block(6)),
    "progressive jpeg": lambda: jpeg_file(PHOTO, progressive=True),
    "cmyk jpeg": lambda: jpeg_file(PHOTO, "CMYK"),
    "png": lambda: png_file(PHOTO),
    "png with alpha": lambda: png_file(np.dstack([PHOTO, PHOTO[:, :, 0]])),
    "turned png": lambda: with_chunks(png_file(PHOTO), png_chunk(b"eXIf", exif_block(6))),
    "png of 16 bits": lambda: raw_png(2000, 1500, 16, 0, grey_of_16_bits()),
    "png with a colour key": lambda: with_chunks(png_file(PHOTO), png_chunk(b"tRNS", bytes(6))),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process's memory as Linux tells it")
@pytest.mark.parametrize("kind", FILES)
def test_decoding_takes_what_the_header_says(kind: str, tmp_path: Path) -> None:
    data = FILES[kind]()
    said = header_of(data).decoded_bytes
    # Beside the pixels there are copies of the file, and what the allocator keeps.
    assert peak(data, "decode", tmp_path) <= 1.1 * said + 2 * len(data) + 4 * MEBIBYTE


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process's memory as Linux tells it")
@pytest.mark.parametrize("kind", ["jpeg", "png with alpha"])
def test_rendering_the_nine_holds_one_variation_at_a_time(kind: str, tmp_path: Path) -> None:
    data = FILES[kind]()
    pixels = PHOTO.nbytes * (4 if "alpha" in kind else 3) // 3
    assert peak(data, "render", tmp_path) <= 3.5 * pixels
