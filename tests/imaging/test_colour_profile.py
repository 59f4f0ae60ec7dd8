"""Colour profiles go along where they fit, and nothing else of the metadata does."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo

from colecionador.imaging.codec import AnyImage, ImageFormat, encode
from tests.fix_images import (
    decoded,
    exif_block,
    header_of,
    icc_profile,
    jpeg_file,
    jpeg_segment,
    photograph_pixels,
    png_chunk,
    png_file,
    with_chunks,
    with_segments,
)

PHOTO = photograph_pixels("chelsea.png", 41, 23)


def encoded(image: AnyImage, file_format: ImageFormat) -> bytes:
    data = encode(image, file_format, 90)
    assert isinstance(data, bytes), data
    return data


def app2(profile: bytes, parts: int = 1) -> list[bytes]:
    """A profile in so many segments."""
    size = -(-len(profile) // parts)
    return [
        jpeg_segment(
            0xE2,
            b"ICC_PROFILE\x00" + bytes((number + 1, parts)) + profile[number * size :][:size],
        )
        for number in range(parts)
    ]


@pytest.mark.parametrize("size", [132, 400, 65519, 65520, 200_000])
@pytest.mark.parametrize("file_format", list(ImageFormat))
def test_a_profile_of_any_length_is_carried_over(size: int, file_format: ImageFormat) -> None:
    profile = icc_profile(size=size)
    writer = jpeg_file if file_format is ImageFormat.JPEG else png_file
    image = decoded(writer(PHOTO, icc_profile=profile))
    assert image.icc == profile
    written = encoded(image, file_format)
    assert Pillow.open(io.BytesIO(written)).info["icc_profile"] == profile
    assert decoded(written).pixels.shape == PHOTO.shape


def test_a_real_profile_is_carried_over() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = decoded(jpeg_file(PHOTO, icc_profile=profile))
    assert Pillow.open(io.BytesIO(encoded(image, ImageFormat.JPEG))).info["icc_profile"] == profile


def test_a_profile_in_parts_out_of_order_is_put_together() -> None:
    profile = bytes(icc_profile(size=3000))
    parts = app2(profile, parts=3)
    data = with_segments(jpeg_file(PHOTO), parts[2], parts[0], parts[1])
    assert header_of(data).icc == profile


def test_a_profile_with_a_part_missing_is_left_behind() -> None:
    data = with_segments(jpeg_file(PHOTO), *app2(icc_profile(size=3000), parts=3)[:2])
    assert header_of(data).icc is None
    assert decoded(data).pixels.shape == PHOTO.shape


def test_a_grey_profile_stays_with_a_grey_picture_alone() -> None:
    grey = icc_profile(b"GRAY")
    assert header_of(jpeg_file(PHOTO, "L", icc_profile=grey)).icc == grey
    assert header_of(jpeg_file(PHOTO, icc_profile=grey)).icc is None
    assert header_of(jpeg_file(PHOTO, "L", icc_profile=icc_profile())).icc is None


def test_a_cmyk_profile_is_not_put_on_the_colours_it_became() -> None:
    assert header_of(jpeg_file(PHOTO, "CMYK", icc_profile=icc_profile(b"CMYK"))).icc is None


@pytest.mark.parametrize(
    "profile",
    [
        b"too short",
        icc_profile()[:-1],
        icc_profile() + b"\x00",
        icc_profile().replace(b"acsp", b"nope"),
        icc_profile(b"XYZ "),
    ],
)
def test_an_absurd_profile_is_left_behind(profile: bytes) -> None:
    assert header_of(with_segments(jpeg_file(PHOTO), *app2(profile))).icc is None


def test_no_variation_of_a_jpeg_tells_where_it_was_taken() -> None:
    secret = b"41.1496 N 8.6109 W"
    data = with_segments(
        jpeg_file(PHOTO),
        jpeg_segment(0xE1, b"Exif\x00\x00" + exif_block(1, extra=secret)),
        jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x>" + secret),
        jpeg_segment(0xED, b"Photoshop 3.0\x00" + secret),
        jpeg_segment(0xFE, secret),
    )
    assert secret in data
    written = encoded(decoded(data + secret), ImageFormat.JPEG)
    assert secret not in written
    assert not Pillow.open(io.BytesIO(written)).getexif()


def test_no_variation_of_a_png_tells_where_it_was_taken() -> None:
    secret = b"41.1496 N 8.6109 W"
    info = PngInfo()
    info.add_text("Comment", secret.decode())
    data = with_chunks(
        png_file(PHOTO, pnginfo=info), png_chunk(b"eXIf", exif_block(1, extra=secret))
    )
    assert data.count(secret) == 2
    written = encoded(decoded(data), ImageFormat.PNG)
    assert secret not in written
    kinds = []
    position = 8
    while position < len(written):
        (length,) = struct.unpack_from(">I", written, position)
        kinds.append(written[position + 4 : position + 8])
        position += 12 + length
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}
