"""What goes out: as close to the pixels as its quality allows, in the format's own limits."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.JpegImagePlugin import JpegImageFile

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec import ImageFormat, encode
from tests.fix_images import as_image, decoded, photograph_pixels, psnr

PHOTO = photograph_pixels("astronaut.png")


def encoded(pixels: np.ndarray, file_format: ImageFormat, quality: int = 90) -> bytes:
    data = encode(as_image(pixels), file_format, quality)
    assert isinstance(data, bytes), data
    return data


def test_a_jpeg_is_as_close_as_pillows_at_the_same_quality() -> None:
    ours = decoded(encoded(PHOTO, ImageFormat.JPEG)).pixels
    buffer = io.BytesIO()
    Pillow.fromarray(PHOTO[:, :, ::-1]).save(buffer, "JPEG", quality=90, subsampling="4:2:0")
    theirs = decoded(buffer.getvalue()).pixels
    assert psnr(ours, PHOTO) > psnr(theirs, PHOTO) - 0.1


def test_quality_decides_the_size() -> None:
    sizes = [len(encoded(PHOTO, ImageFormat.JPEG, quality)) for quality in (1, 50, 90, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 10


def test_a_jpeg_is_baseline_with_quarter_colour_and_a_grey_one_is_grey() -> None:
    picture = Pillow.open(io.BytesIO(encoded(PHOTO, ImageFormat.JPEG)))
    assert picture.mode == "RGB"
    assert not picture.info.get("progressive")
    assert isinstance(picture, JpegImageFile)
    assert [layer[1:3] for layer in picture.layer] == [(2, 2), (1, 1), (1, 1)]
    grey = Pillow.open(io.BytesIO(encoded(PHOTO[:, :, 1].copy(), ImageFormat.JPEG)))
    assert grey.mode == "L"


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_png_keeps_every_pixel(channels: int) -> None:
    random = np.random.default_rng(5)
    size = (33, 47) if channels == 1 else (33, 47, channels)
    pixels = random.integers(0, 256, size, dtype=np.uint8)
    assert np.array_equal(decoded(encoded(pixels, ImageFormat.PNG)).pixels, pixels)


def test_a_jpeg_has_at_most_65500_pixels_a_side() -> None:
    largest = np.zeros((1, 65500), np.uint8)
    assert encoded(largest, ImageFormat.JPEG)
    failure = encode(as_image(np.zeros((65501, 1), np.uint8)), ImageFormat.JPEG, 90)
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.INVALID_FORMAT
    assert "1x65501" in failure.error
