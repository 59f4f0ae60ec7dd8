"""What a file is and how large: told by its content, before a pixel is decoded."""

from __future__ import annotations

import struct

import pytest

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec import ImageFormat, check_limits, read_header
from tests.fix_flat_jpeg import flat_jpeg
from tests.fix_images import (
    exif_block,
    header_of,
    jpeg_file,
    jpeg_segment,
    photograph,
    photograph_pixels,
    png_chunk,
    png_file,
    raw_png,
    with_chunks,
    with_segments,
)

SMALL = photograph_pixels("chelsea.png", 40, 24)


def refused(data: bytes) -> Failure:
    header = read_header(data)
    assert isinstance(header, Failure), header
    return header


def test_a_jpeg_says_its_size_and_channels() -> None:
    header = header_of(photograph("rocket.jpg"))
    assert (header.format, header.width, header.height) == (ImageFormat.JPEG, 640, 427)
    assert header.channels == 3
    assert header.decoded_bytes == 640 * 427 * 3


def test_a_png_says_its_size_and_channels() -> None:
    header = header_of(photograph("coins.png"))
    assert (header.format, header.width, header.height) == (ImageFormat.PNG, 384, 303)
    assert header.channels == 1
    assert header.decoded_bytes == 2 * 384 * 303


def test_a_progressive_jpeg_is_counted_with_its_coefficients() -> None:
    progressive = header_of(jpeg_file(SMALL, progressive=True, subsampling="4:2:0"))
    baseline = header_of(jpeg_file(SMALL, subsampling="4:2:0"))
    assert progressive.decoded_bytes == 2 * baseline.decoded_bytes


def test_sizes_are_those_that_a_person_sees() -> None:
    header = header_of(jpeg_file(SMALL, exif=b"Exif\x00\x00" + exif_block(6)))
    assert (header.width, header.height, header.orientation) == (24, 40, 6)
    # Turning it upright takes a second copy.
    assert header.decoded_bytes == 2 * 40 * 24 * 3


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"GIF89a" + bytes(40), "GIF"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(20), "WebP"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "HEIC"),
        (b"\x00\x00\x00\x18ftypavif" + bytes(40), "AVIF"),
        (b"II*\x00" + bytes(40), "TIFF"),
        (b"MM\x00*" + bytes(40), "TIFF"),
        (b"BM" + bytes(40), "BMP"),
        (b"\xff\x0a" + bytes(40), "JPEG XL"),
        (b"%PDF-1.7", "PDF"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><svg/>', "SVG"),
        (b"hello, I am a photo", "text"),
        (bytes(1000), "no known image"),
    ],
)
def test_anything_but_jpeg_and_png_is_named_and_refused(data: bytes, name: str) -> None:
    failure = refused(data)
    assert failure.error_type is ErrorType.UNSUPPORTED_FORMAT
    assert name in failure.error
    assert "send a JPEG or PNG" in failure.error


def test_an_animated_png_is_not_supported() -> None:
    animated = with_chunks(png_file(SMALL), png_chunk(b"acTL", bytes((0, 0, 0, 1, 0, 0, 0, 0))))
    assert refused(animated).error_type is ErrorType.UNSUPPORTED_FORMAT


def test_an_animated_png_that_is_cut_never_reaches_the_decoder() -> None:
    animated = with_chunks(png_file(SMALL), png_chunk(b"acTL", bytes((0, 0, 0, 1, 0, 0, 0, 0))))
    for size in range(8, len(animated), 3):
        assert refused(animated[:size]).error_type in {
            ErrorType.CORRUPT_IMAGE,
            ErrorType.UNSUPPORTED_FORMAT,
        }


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\x89PNG\r\n"])
def test_a_file_that_ends_in_its_signature_is_corrupt(data: bytes) -> None:
    assert refused(data).error_type is ErrorType.CORRUPT_IMAGE


def test_an_image_over_the_pixel_limit_is_too_large() -> None:
    header = header_of(photograph("rocket.jpg"))
    assert check_limits(header, 640 * 427) is None
    failure = check_limits(header, 640 * 427 - 1)
    assert failure is not None
    assert failure.error_type is ErrorType.SOURCE_TOO_LARGE
    assert "640x427" in failure.error
    assert "AUGMENT_MAX_PIXELS" in failure.error


def test_a_few_bytes_that_claim_a_huge_jpeg_are_refused_by_their_header() -> None:
    jpeg = bytearray(flat_jpeg(16, 16, ((1, 1),) * 3, (100, 128, 128)))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 30000, 30000)
    failure = check_limits(header_of(bytes(jpeg)), 120_000_000)
    assert failure is not None
    assert failure.error_type is ErrorType.SOURCE_TOO_LARGE


def test_a_few_bytes_that_claim_a_huge_png_are_refused_by_their_header() -> None:
    claimed = raw_png(2**31 - 1, 2**31 - 1, 1, 0, b"\x00")
    failure = check_limits(header_of(claimed), 120_000_000)
    assert failure is not None
    assert failure.error_type is ErrorType.SOURCE_TOO_LARGE


def test_a_thin_png_that_no_decoder_takes_is_too_large() -> None:
    failure = check_limits(header_of(raw_png(1_000_001, 1, 8, 0, bytes(1_000_002))), 120_000_000)
    assert failure is not None
    assert failure.error_type is ErrorType.SOURCE_TOO_LARGE


@pytest.mark.parametrize(("coding", "what"), [(0xC3, "ffc3"), (0xC7, "ffc7"), (0xCB, "ffcb")])
def test_lossless_and_hierarchical_jpeg_are_not_supported(coding: int, what: str) -> None:
    jpeg = flat_jpeg(16, 16, ((1, 1),) * 3, (100, 128, 128))
    failure = refused(jpeg.replace(b"\xff\xc0", bytes((0xFF, coding)), 1))
    assert failure.error_type is ErrorType.UNSUPPORTED_FORMAT
    assert what in failure.error


def test_a_jpeg_of_twelve_bits_is_not_supported() -> None:
    jpeg = bytearray(flat_jpeg(16, 16, ((1, 1),) * 3, (100, 128, 128)))
    jpeg[jpeg.index(b"\xff\xc0") + 4] = 12
    failure = refused(bytes(jpeg))
    assert failure.error_type is ErrorType.UNSUPPORTED_FORMAT
    assert "12 bits" in failure.error


@pytest.mark.parametrize("width", [0, 16])
def test_a_jpeg_without_a_size_is_refused(width: int) -> None:
    jpeg = bytearray(flat_jpeg(16, 16, ((1, 1),) * 3, (100, 128, 128)))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 0 if width else 16, width)
    assert refused(bytes(jpeg)).error_type in {
        ErrorType.UNSUPPORTED_FORMAT,
        ErrorType.INVALID_FORMAT,
    }


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    jpeg = jpeg_file(SMALL, progressive=True)
    scan = jpeg.rindex(b"\xff\xda")
    endless = jpeg[:scan] + jpeg[scan:-2] * 600 + jpeg[-2:]
    failure = refused(endless)
    assert failure.error_type is ErrorType.INVALID_FORMAT
    assert "scans" in failure.error


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\xff\xd9",
        b"\xff\xd8" + jpeg_segment(0xC0, b"\x08") + b"\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x00" + bytes(30),
        raw_png(0, 4, 8, 0, b""),
        raw_png(4, 4, 3, 0, b""),
        raw_png(4, 4, 8, 5, b""),
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND"),
        png_file(SMALL)[:33] + png_chunk(b"IEND"),
        with_chunks(png_file(SMALL), png_file(SMALL)[8:33]),
    ],
)
def test_a_file_that_breaks_its_formats_rules_is_invalid(data: bytes) -> None:
    assert refused(data).error_type is ErrorType.INVALID_FORMAT


def test_a_second_frame_header_is_invalid() -> None:
    jpeg = flat_jpeg(16, 16, ((1, 1),) * 3, (100, 128, 128))
    frame = jpeg.index(b"\xff\xc0")
    doubled = with_segments(jpeg, jpeg[frame : frame + 19])
    assert refused(doubled).error_type is ErrorType.INVALID_FORMAT
