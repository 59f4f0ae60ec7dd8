"""What the check of an encoded variation finds, and what it lets pass."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colecionador.domain.failures import ErrorType
from colecionador.imaging import integrity
from colecionador.imaging.codec import ImageFormat, encode
from colecionador.imaging.integrity import check_encoded
from tests.fix_images import Pixels, as_image, jpeg_file, photograph_pixels, png_file

PHOTO = photograph_pixels("coffee.png", 203, 151)
SHAPES = [(1, 1), (1, 5000), (5000, 1), (16, 16), (17, 33), (303, 384)]


def encoded(pixels: Pixels, file_format: ImageFormat) -> bytes:
    data = encode(as_image(pixels), file_format, 90)
    assert isinstance(data, bytes), data
    return data


JPEG = encoded(PHOTO, ImageFormat.JPEG)
PNG = encoded(PHOTO, ImageFormat.PNG)


def is_found(data: bytes, file_format: ImageFormat) -> bool:
    problem = check_encoded(data, file_format, 203, 151)
    assert problem is None or problem.error_type is ErrorType.INVALID_FORMAT
    return problem is not None


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("file_format", list(ImageFormat))
def test_whole_files_of_every_shape_pass(
    shape: tuple[int, int], channels: int, file_format: ImageFormat
) -> None:
    pixels = photograph_pixels("coffee.png", shape[1], shape[0])
    data = encoded(pixels if channels == 3 else pixels[:, :, 1].copy(), file_format)
    assert check_encoded(data, file_format, shape[1], shape[0]) is None


@pytest.mark.parametrize(("width", "height"), [(151, 203), (203, 150), (202, 151)])
def test_another_size_is_found(width: int, height: int) -> None:
    for data, file_format in ((JPEG, ImageFormat.JPEG), (PNG, ImageFormat.PNG)):
        problem = check_encoded(data, file_format, width, height)
        assert problem is not None
        assert "203x151" in problem.error


def test_another_format_is_found() -> None:
    assert is_found(PNG, ImageFormat.JPEG)
    assert is_found(JPEG, ImageFormat.PNG)
    assert is_found(b"", ImageFormat.JPEG)
    assert is_found(b"text", ImageFormat.PNG)


def test_a_cut_at_any_byte_is_found() -> None:
    assert all(is_found(JPEG[:size], ImageFormat.JPEG) for size in range(len(JPEG)))
    assert all(is_found(PNG[:size], ImageFormat.PNG) for size in range(0, len(PNG), 7))


def test_a_cut_at_any_byte_that_is_closed_with_an_end_marker_is_found() -> None:
    sizes = range(3, len(JPEG) - 2)
    assert [n for n in sizes if not is_found(JPEG[:n] + b"\xff\xd9", ImageFormat.JPEG)] == []


def test_a_progressive_file_that_ends_between_two_scans_is_found() -> None:
    whole = jpeg_file(PHOTO, progressive=True)
    last = whole.rindex(b"\xff\xda")
    # Twice each: what is kept of a header must not change the answer.
    for _ in range(2):
        assert not is_found(whole, ImageFormat.JPEG)
        assert is_found(whole[:last] + b"\xff\xd9", ImageFormat.JPEG)


def test_a_start_of_scan_inside_the_metadata_is_none() -> None:
    after_start = 2
    comment = b"\xff\xda\x00\x08" + b"a thumbnail's, say"
    segment = b"\xff\xfe" + (2 + len(comment)).to_bytes(2, "big") + comment
    data = JPEG[:after_start] + segment + JPEG[after_start:]
    assert not is_found(data, ImageFormat.JPEG)
    assert is_found(data[:-2], ImageFormat.JPEG)


@given(st.integers(16, len(JPEG)))
def test_where_a_long_scan_is_divided_for_the_search_makes_no_difference(stretch: int) -> None:
    marker = JPEG.index(b"\xff\xd3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integrity, "_STRETCH_BYTES", stretch)
        assert not is_found(JPEG, ImageFormat.JPEG)
        assert is_found(JPEG[:marker] + JPEG[marker + 2 :], ImageFormat.JPEG)
        assert is_found(JPEG[:-1], ImageFormat.JPEG)
        assert is_found(JPEG + JPEG, ImageFormat.JPEG)


def test_a_marker_that_is_missing_anywhere_in_a_large_file_is_found() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1504, 1200, 3), np.uint8)
    data = encoded(noise, ImageFormat.JPEG)
    markers = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd9]", data)][1:]
    assert len(markers) == 1504 // 16
    assert check_encoded(data, ImageFormat.JPEG, 1200, 1504) is None
    for marker in markers:
        without = data[:marker] + data[marker + 2 :]
        assert check_encoded(without, ImageFormat.JPEG, 1200, 1504) is not None


def test_a_row_of_blocks_that_is_missing_doubled_or_moved_is_found() -> None:
    marks = [JPEG.index(bytes((0xFF, 0xD0 + index))) for index in range(5)]
    one, two, three, four = (JPEG[start:end] for start, end in pairwise(marks))
    before, after = JPEG[: marks[0]], JPEG[marks[4] :]
    assert not is_found(before + one + two + three + four + after, ImageFormat.JPEG)
    assert is_found(before + one + three + four + after, ImageFormat.JPEG)
    assert is_found(before + one + two + two + three + four + after, ImageFormat.JPEG)
    assert is_found(before + two + one + three + four + after, ImageFormat.JPEG)


def test_a_long_stretch_of_zeros_is_found() -> None:
    start = len(JPEG) // 2
    zeroed = JPEG[:start] + bytes(2500) + JPEG[start + 2500 :]
    assert is_found(zeroed, ImageFormat.JPEG)


def test_what_stands_after_the_end_is_found() -> None:
    assert is_found(JPEG + b"\x00", ImageFormat.JPEG)


def test_any_flipped_bit_of_a_png_is_found() -> None:
    for position in range(0, len(PNG), 97):
        flipped = bytearray(PNG)
        flipped[position] ^= 1
        assert is_found(bytes(flipped), ImageFormat.PNG)


def test_a_jpeg_without_restart_markers_is_decoded() -> None:
    data = jpeg_file(PHOTO)
    assert not is_found(data, ImageFormat.JPEG)
    start = len(data) // 2
    assert is_found(data[:start] + b"\xff\xd9", ImageFormat.JPEG)


def test_a_png_of_another_encoder_passes() -> None:
    assert not is_found(png_file(PHOTO), ImageFormat.PNG)
