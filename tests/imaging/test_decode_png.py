"""PNG in all its kinds: depth, palette, alpha, colour keys, interlacing, metadata."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from colecionador.domain.failures import ErrorType, Failure
from tests.fix_images import (
    decoded,
    exif_block,
    header_of,
    outcome,
    photograph,
    photograph_pixels,
    png_chunk,
    png_file,
    raw_png,
    with_chunks,
)

PHOTO = photograph_pixels("chelsea.png", 41, 23)


def saved(picture: Pillow.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    return buffer.getvalue()


def rows_of(samples: np.ndarray, depth: int) -> bytes:
    """Rows of one sample a pixel, packed, each with filter 0."""
    if depth == 16:
        return b"".join(b"\x00" + row.astype(">u2").tobytes() for row in samples)
    per_byte = 8 // depth
    rows = []
    for row in samples:
        padded = np.pad(row, (0, -len(row) % per_byte)).reshape(-1, per_byte)
        shifts = [depth * (per_byte - 1 - index) for index in range(per_byte)]
        packed = np.sum(padded << np.array(shifts), axis=1)
        rows.append(b"\x00" + packed.astype(np.uint8).tobytes())
    return b"".join(rows)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 7)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pixels_come_back_as_they_were(shape: tuple[int, int], channels: int) -> None:
    random = np.random.default_rng(3)
    size = shape if channels == 1 else (*shape, channels)
    pixels = random.integers(0, 256, size, dtype=np.uint8)
    assert np.array_equal(decoded(png_file(pixels)).pixels, pixels)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_grey_of_few_bits_fills_the_whole_range(depth: int) -> None:
    top = 2**depth - 1
    samples = np.arange(35).reshape(5, 7) % (top + 1)
    pixels = decoded(raw_png(7, 5, depth, 0, rows_of(samples, depth))).pixels
    assert np.array_equal(pixels, samples * (255 // top))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_colour_key_of_a_grey_picture_is_transparent(depth: int) -> None:
    samples = np.arange(35).reshape(5, 7) % 2**depth
    key = png_chunk(b"tRNS", struct.pack(">H", 1))
    data = raw_png(7, 5, depth, 0, rows_of(samples, depth), key)
    pixels = decoded(data).pixels
    assert header_of(data).channels == 4
    assert np.array_equal(pixels[:, :, 3], np.where(samples == 1, 0, 255))


@pytest.mark.parametrize("depth", [8, 16])
def test_the_colour_key_of_a_colour_picture_is_transparent(depth: int) -> None:
    samples = np.array([[10, 20, 30, 30, 20, 10], [10, 20, 31, 0, 0, 0]])
    key = png_chunk(b"tRNS", struct.pack(">HHH", 10, 20, 30))
    pixels = decoded(raw_png(2, 2, depth, 2, rows_of(samples, depth), key)).pixels
    assert pixels[:, :, 3].tolist() == [[0, 255], [255, 255]]
    if depth == 8:
        assert pixels[0, 0].tolist() == [30, 20, 10, 0]


def test_a_palette_becomes_colour_and_its_transparency_alpha() -> None:
    palette = png_chunk(b"PLTE", bytes((255, 0, 0, 0, 255, 0, 0, 0, 255)))
    alpha = png_chunk(b"tRNS", bytes((0, 128)))
    samples = np.array([[0, 1, 2]])
    opaque = decoded(raw_png(3, 1, 8, 3, rows_of(samples, 8), palette)).pixels
    assert opaque.tolist() == [[[0, 0, 255], [0, 255, 0], [255, 0, 0]]]
    clear = decoded(raw_png(3, 1, 8, 3, rows_of(samples, 8), palette, alpha)).pixels
    assert clear[0, :, 3].tolist() == [0, 128, 255]
    assert clear[0, 1:, :3].tolist() == [[0, 255, 0], [255, 0, 0]]


def test_sixteen_bits_become_eight_by_rounding() -> None:
    samples = np.array([[0, 128, 129, 257, 65535, 65407, 65406, 32768]])
    pixels = decoded(raw_png(8, 1, 16, 0, rows_of(samples, 16))).pixels
    assert pixels.tolist() == [[0, 0, 1, 1, 255, 255, 254, 128]]


def test_grey_with_alpha_becomes_colour_with_alpha() -> None:
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12
    picture = Pillow.merge("LA", (Pillow.fromarray(grey), Pillow.fromarray(255 - grey)))
    pixels = decoded(saved(picture)).pixels
    assert np.array_equal(pixels[:, :, 3], 255 - grey)
    assert all(np.array_equal(pixels[:, :, channel], grey) for channel in range(3))


def test_an_interlaced_picture_decodes() -> None:
    random = np.random.default_rng(4)
    samples = random.integers(0, 256, (11, 13))
    passes = [
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]  # fmt: skip
    parts = [samples[top::down, left::across] for top, left, down, across in passes]
    rows = b"".join(rows_of(part, 8) for part in parts if part.size)
    data = raw_png(13, 11, 8, 0, rows)
    header = data[8:33]
    interlaced = data.replace(header, png_chunk(b"IHDR", header[8:20] + b"\x01"))
    assert np.array_equal(decoded(interlaced).pixels, samples)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_the_orientation_of_an_exif_chunk_is_applied(orientation: int) -> None:
    data = with_chunks(png_file(PHOTO), png_chunk(b"eXIf", exif_block(orientation)))
    expected = np.rot90(PHOTO, {3: 2, 6: -1, 8: 1}[orientation])
    assert np.array_equal(decoded(data).pixels, expected)
    assert (header_of(data).width, header_of(data).height) == expected.shape[1::-1]


def test_an_exif_chunk_after_the_picture_counts_as_well() -> None:
    data = png_file(PHOTO)
    end = data.index(b"IEND") - 4
    late = data[:end] + png_chunk(b"eXIf", exif_block(6)) + data[end:]
    assert np.array_equal(decoded(late).pixels, np.rot90(PHOTO, -1))


@pytest.mark.parametrize("compressed", [False, True])
def test_exif_and_xmp_in_text_chunks_count_as_well(compressed: bool) -> None:
    digits = (b"Exif\x00\x00" + exif_block(6)).hex()
    info = PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(digits) // 2:8}\n{digits}\n", compressed)
    picture = Pillow.fromarray(np.ascontiguousarray(PHOTO[:, :, ::-1]))
    assert np.array_equal(decoded(saved(picture, pnginfo=info)).pixels, np.rot90(PHOTO, -1))
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="8"/>')
    assert np.array_equal(decoded(saved(picture, pnginfo=info)).pixels, np.rot90(PHOTO))


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"eXIf", b"garbage"),
        png_chunk(b"iCCP", b"no separator"),
        png_chunk(b"iCCP", b"bomb\x00\x00" + zlib.compress(bytes(30_000_000))),
        png_chunk(b"zTXt", b"Raw profile type exif\x00\x00not compressed"),
        png_chunk(b"tEXt", b"Raw profile type exif\x00\nexif\n 4\nzzzz"),
        png_chunk(b"gAMA", b"\x00"),
        png_chunk(b"teSt", bytes(1000)),
    ],
)
def test_metadata_is_never_fatal(chunk: bytes) -> None:
    data = with_chunks(png_file(PHOTO), chunk)
    assert np.array_equal(decoded(data).pixels, PHOTO)
    assert header_of(data).icc is None


@pytest.mark.parametrize("name", ["horse.png", "logo.png", "astronaut.png", "coins.png"])
def test_a_picture_from_the_world_decodes_as_pillow_does(name: str) -> None:
    pixels = decoded(photograph(name)).pixels
    picture = Pillow.open(io.BytesIO(photograph(name)))
    mode = {2: "L", 3: "RGB"}.get(pixels.ndim if pixels.ndim == 2 else pixels.shape[2], "RGBA")
    expected = np.asarray(picture.convert(mode))
    if mode != "L":
        expected = expected[:, :, [2, 1, 0, 3][: expected.shape[2]]]
    assert np.array_equal(pixels, expected)


def test_picture_data_that_is_too_short_is_corrupt() -> None:
    failure = outcome(raw_png(100, 100, 8, 0, bytes(50 * 101)))
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.CORRUPT_IMAGE
