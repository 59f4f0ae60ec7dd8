"""Damaged files: cut anywhere, flipped, zeroed, claimed. Never an exception, never half a photo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colecionador.domain.failures import PERMANENT_TYPES, ErrorType, Failure
from colecionador.imaging.codec import AnyImage, check_limits, decode, read_header
from tests.fix_images import (
    as_image,
    decoded,
    exif_block,
    jpeg_file,
    jpeg_segment,
    outcome,
    photograph_pixels,
    png_chunk,
    png_file,
    with_chunks,
    with_segments,
)

PHOTO = photograph_pixels("chelsea.png", 80, 56)
WITH_ALPHA = np.dstack([PHOTO, PHOTO[:, :, 0]])

WHOLE = {
    "baseline jpeg": jpeg_file(PHOTO),
    "progressive jpeg": jpeg_file(PHOTO, progressive=True),
    "grey jpeg": jpeg_file(PHOTO, "L"),
    "cmyk jpeg": jpeg_file(PHOTO, "CMYK"),
    "jpeg with exif": jpeg_file(PHOTO, exif=b"Exif\x00\x00" + exif_block(6)),
    "colour png": png_file(PHOTO),
    "grey png": png_file(PHOTO[:, :, 0].copy()),
    "png with alpha": png_file(WITH_ALPHA),
}
JPEGS = [name for name in WHOLE if "jpeg" in name]


def cut_points(data: bytes) -> list[int]:
    """The first and last bytes one by one, and a hundred places in between."""
    near = 40
    between = range(near, len(data) - near, max(1, len(data) // 100))
    return [*range(near), *between, *range(len(data) - near, len(data))]


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_decodes(name: str) -> None:
    assert isinstance(outcome(WHOLE[name]), AnyImage)


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_anywhere_is_corrupt(name: str) -> None:
    data = WHOLE[name]
    for size in cut_points(data):
        failure = outcome(data[:size])
        assert isinstance(failure, Failure), size
        assert failure.error_type is ErrorType.CORRUPT_IMAGE, (size, failure)


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_cut_anywhere_and_closed_with_an_end_marker_is_refused(name: str) -> None:
    data = WHOLE[name]
    for size in cut_points(data)[3:-2]:
        failure = outcome(data[:size] + b"\xff\xd9")
        assert isinstance(failure, Failure), size
        assert failure.error_type in {ErrorType.CORRUPT_IMAGE, ErrorType.INVALID_FORMAT}


@pytest.mark.parametrize("name", ["colour png", "grey png", "png with alpha"])
def test_a_png_cut_anywhere_and_closed_with_an_end_chunk_is_refused(name: str) -> None:
    data = WHOLE[name]
    for size in cut_points(data)[8:-13]:
        failure = outcome(data[:size] + png_chunk(b"IEND"))
        assert isinstance(failure, Failure), size


@pytest.mark.parametrize("name", ["colour png", "grey png", "png with alpha"])
def test_a_png_with_any_bit_flipped_is_refused(name: str) -> None:
    data = WHOLE[name]
    for position in cut_points(data):
        flipped = bytearray(data)
        flipped[position] ^= 0x10
        assert isinstance(outcome(bytes(flipped)), Failure), position


@settings(deadline=None)  # some damage is left to the second decoder, a process
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_any_damage_ends_as_a_picture_of_that_size_or_a_permanent_failure(
    name: str, draw: st.DataObject
) -> None:
    data = bytearray(WHOLE[name])
    for _ in range(draw.draw(st.integers(1, 4))):
        start = draw.draw(st.integers(0, len(data) - 1))
        piece = draw.draw(st.binary(max_size=12))
        removed = draw.draw(st.integers(0, 12))
        data[start : start + removed] = piece
    header = read_header(bytes(data))
    if isinstance(header, Failure) or check_limits(header, 1_000_000) is not None:
        return
    found = decode(bytes(data), header)
    if isinstance(found, Failure):
        assert found.error_type in PERMANENT_TYPES
    else:
        assert (found.width, found.height) == (header.width, header.height)


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b""]), st.binary(max_size=300))
def test_any_bytes_end_as_a_permanent_failure(magic: bytes, rest: bytes) -> None:
    found = outcome(magic + rest)
    assert isinstance(found, Failure)
    assert found.error_type in PERMANENT_TYPES


def test_nested_metadata_is_passed_over() -> None:
    inner = jpeg_file(PHOTO)[:60_000]
    nested = jpeg_segment(0xE1, b"Exif\x00\x00" + exif_block(1) + inner)
    data = with_segments(jpeg_file(PHOTO), *[nested] * 20)
    assert np.array_equal(decoded(data).pixels, decoded(jpeg_file(PHOTO)).pixels)


@pytest.mark.parametrize("segment", [b"\xff\xe2\x00\x02", b"\xff\xdb\x00\x02", b"\xff\xd0"])
def test_a_file_of_endless_empty_segments_is_refused(segment: bytes) -> None:
    assert isinstance(outcome(b"\xff\xd8" + segment * 200_000), Failure)


def test_a_file_of_endless_empty_chunks_is_refused() -> None:
    failure = outcome(with_chunks(png_file(PHOTO), png_chunk(b"teSt") * 300_000))
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.INVALID_FORMAT


def test_an_orientation_hidden_in_endless_text_is_given_up() -> None:
    text = b"XML:com.adobe.xmp\x00" + b"tiff:Orientation" * 200_000
    data = with_chunks(png_file(PHOTO), png_chunk(b"iTXt", text))
    assert np.array_equal(decoded(data).pixels, PHOTO)


def test_a_long_run_of_zeros_is_no_image() -> None:
    zeros = bytes(5_000_000)
    for start in (b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"):
        assert isinstance(outcome(start + zeros), Failure)


def test_a_long_run_of_fill_bytes_is_passed_quickly_and_refused() -> None:
    assert isinstance(outcome(b"\xff\xd8" + b"\xff" * 5_000_000), Failure)


def test_red_and_blue_are_not_swapped() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[:, :, 2] = 255
    for data in (jpeg_file(red, quality=95), png_file(red)):
        blue, green, found = decoded(data).pixels[8, 8].astype(int)
        assert found > 245
        assert max(blue, green) < 10
    assert as_image(red).pixels[0, 0].tolist() == [0, 0, 255]
