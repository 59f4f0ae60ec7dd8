"""JPEG as cameras, editors and scanners write it: the right picture, or a clear refusal."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Pillow

from colecionador.domain.failures import ErrorType, Failure
from tests.fix_flat_jpeg import flat_jpeg
from tests.fix_images import (
    Pixels,
    decoded,
    exif_block,
    header_of,
    jpeg_file,
    jpeg_segment,
    outcome,
    photograph,
    photograph_pixels,
    psnr,
    with_segments,
)

PHOTO = photograph_pixels("chelsea.png", 97, 61)

ARITHMETIC = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYW"
    "ICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo"
    "KCgoKCgoKCgoKCgoKCgoKCgoKCj/yQARCAAYACgDASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/ANjV"
    "iP688M5vXFK4KiEqEt8znbkYtYyWJ7NFW+NK3enE3tX8hOOJ1TgWqLGwtOmNqBZ2Jh0XRDrkQdIgf3HDwq1EIYHOuzUS"
    "S0Br3To9z5vsSFgYlpZzcLi4o0qC+lSxFSYl9mwKx25ZwP/Z"
)
"""24 rows of 40 pixels, blue 5x, green 9y, red 3(x + y); no wheel writes arithmetic coding."""


def by_pillow(data: bytes) -> Pixels:
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))[:, :, ::-1]


@pytest.mark.parametrize("name", ["rocket.jpg", "retina.jpg"])
def test_a_photograph_decodes_as_pillow_does(name: str) -> None:
    data = photograph(name)
    assert psnr(decoded(data).pixels, by_pillow(data)) > 50


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_every_common_sampling_decodes(subsampling: str, progressive: bool) -> None:
    data = jpeg_file(PHOTO, subsampling=subsampling, progressive=progressive)
    assert psnr(decoded(data).pixels, by_pillow(data)) > 50


@pytest.mark.parametrize("quality", [5, 50, 100])
def test_every_quality_decodes(quality: int) -> None:
    data = jpeg_file(PHOTO, quality=quality)
    assert psnr(decoded(data).pixels, by_pillow(data)) > 50


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 700), (700, 1), (7, 3), (17, 33)])
def test_every_size_decodes(width: int, height: int) -> None:
    image = decoded(jpeg_file(photograph_pixels("coffee.png", width, height)))
    assert (image.width, image.height) == (width, height)


def test_grey_stays_grey() -> None:
    data = jpeg_file(PHOTO, "L")
    assert decoded(data).pixels.shape == (61, 97)
    assert header_of(data).channels == 1


@pytest.mark.parametrize("quality", [95])
def test_cmyk_becomes_colour(quality: int) -> None:
    data = jpeg_file(PHOTO, "CMYK", quality=quality)
    image = decoded(data)
    assert image.pixels.shape == (61, 97, 3)
    assert psnr(image.pixels, by_pillow(data)) > 45
    assert psnr(image.pixels, PHOTO) > 30


def test_a_picture_coded_in_red_green_and_blue_keeps_its_colours() -> None:
    assert psnr(decoded(jpeg_file(PHOTO, keep_rgb=True, quality=95)).pixels, PHOTO) > 30


def test_arithmetic_coding_decodes() -> None:
    down, across = np.mgrid[0:24, 0:40]
    expected = np.dstack([across * 5, down * 9, (across + down) * 3]).astype(np.uint8)
    assert psnr(decoded(ARITHMETIC).pixels, expected) > 38


@pytest.mark.parametrize(
    "samplings",
    [
        ((4, 2), (1, 1), (1, 1)),
        ((3, 1), (1, 1), (1, 1)),
        ((4, 1), (1, 1), (1, 1)),
        ((1, 2), (1, 1), (1, 1)),
        ((2, 2), (2, 1), (2, 1)),
        ((2, 1), (1, 2), (1, 2)),
    ],
)
class TestRareSamplings:
    """Such as 4:1:0, which the strict decoder does not take."""

    def test_they_decode(self, samplings: tuple[tuple[int, int], ...]) -> None:
        data = flat_jpeg(50, 37, samplings, (180, 100, 150))
        assert np.array_equal(decoded(data).pixels, by_pillow(data))

    @pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
    def test_they_are_refused_where_they_are_cut(
        self, samplings: tuple[tuple[int, int], ...], end: bytes
    ) -> None:
        data = flat_jpeg(50, 37, samplings, (180, 100, 150))
        failure = outcome(data[:-4] + end)
        assert isinstance(failure, Failure)
        assert failure.error_type is ErrorType.CORRUPT_IMAGE


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_every_orientation_is_applied(orientation: int, byte_order: str) -> None:
    data = jpeg_file(PHOTO, exif=b"Exif\x00\x00" + exif_block(orientation, byte_order))
    turned: dict[int, Callable[[Pixels], Pixels]] = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, -1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: np.rot90,
    }
    image, header = decoded(data), header_of(data)
    assert psnr(image.pixels, turned[orientation](by_pillow(data))) > 50
    assert (image.width, image.height) == (header.width, header.height)


XMP = b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta><rdf:Description "


@pytest.mark.parametrize(
    "packet",
    [XMP + b'tiff:Orientation="6"/>', XMP + b"><tiff:Orientation>6</tiff:Orientation>"],
)
def test_an_orientation_that_stands_only_in_xmp_is_applied(packet: bytes) -> None:
    data = with_segments(jpeg_file(PHOTO), jpeg_segment(0xE1, packet))
    assert decoded(data).pixels.shape == (97, 61, 3)


def test_exif_has_the_word_where_xmp_says_otherwise() -> None:
    exif = jpeg_segment(0xE1, b"Exif\x00\x00" + exif_block(3))
    xmp = jpeg_segment(0xE1, XMP + b'tiff:Orientation="6"/>')
    assert header_of(with_segments(jpeg_file(PHOTO), xmp, exif)).orientation == 3


@pytest.mark.parametrize(
    "body",
    [
        b"Exif\x00\x00",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff",
        b"Exif\x00\x00garbage that is no TIFF",
        b"Exif\x00\x00" + exif_block(0),
        b"Exif\x00\x00" + exif_block(9),
        b"Exif\x00\x00" + exif_block(1) * 500,
        XMP,
        b"",
    ],
)
def test_metadata_is_never_fatal(body: bytes) -> None:
    data = with_segments(jpeg_file(PHOTO), jpeg_segment(0xE1, body))
    assert header_of(data).orientation == 1
    assert np.array_equal(decoded(data).pixels, decoded(jpeg_file(PHOTO)).pixels)


@pytest.mark.parametrize(
    "extra",
    [
        b"\x00\x01\x02",
        jpeg_segment(0xE2, b"ICC_PROFILE\x00\x03\x02not a profile"),
        jpeg_segment(0xE2, b"ICC_PROFILE\x00"),
        jpeg_segment(0xFE, b"a comment"),
        b"\xff\xff\xff",
    ],
)
def test_a_whole_picture_with_a_broken_header_decodes(extra: bytes) -> None:
    data = with_segments(jpeg_file(PHOTO), extra)
    assert np.array_equal(decoded(data).pixels, decoded(jpeg_file(PHOTO)).pixels)


@pytest.mark.parametrize("trailing", [b"\x00" * 16, b"garbage" * 9, jpeg_file(PHOTO)])
def test_what_follows_the_picture_is_left_alone(trailing: bytes) -> None:
    data = jpeg_file(PHOTO)
    assert np.array_equal(decoded(data + trailing).pixels, decoded(data).pixels)
