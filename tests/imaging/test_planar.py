"""Photos in planes: which JPEGs are held so, and that they turn out as those in BGR do."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from colecionador.domain.failures import Failure
from colecionador.domain.plan import Variation
from colecionador.imaging.codec import (
    Image,
    ImageFormat,
    PlanarImage,
    Planes,
    encode,
    jpeg,
    turbojpeg,
)
from colecionador.imaging.integrity import check_encoded
from colecionador.imaging.quality import measure
from colecionador.imaging.rendering import Rendered, render
from colecionador.imaging.variations import make_variation
from tests.fix_images import (
    COLOUR_PHOTOGRAPHS,
    Pixels,
    decoded,
    exif_block,
    jpeg_file,
    outcome,
    photograph_pixels,
    psnr,
    variation,
)
from tests.imaging.variations.samples import ALL, NINE, SHIPPED

PHOTO = photograph_pixels("chelsea.png", 450, 300)
SAMPLINGS = ("4:2:0", "4:2:2", "4:4:0")


def as_planar(data: bytes) -> PlanarImage:
    image = decoded(data)
    assert isinstance(image, PlanarImage), image
    return image


def by_bgr(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Image:
    """The same file on a machine without the library."""
    with monkeypatch.context() as patch:
        patch.setattr(turbojpeg, "problem", lambda: "not installed")
        image = decoded(data)
    assert isinstance(image, Image), image
    return image


def jpeg_of(sampling: str, pixels: Pixels = PHOTO) -> bytes:
    factors = {
        "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
        "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
        "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    }
    options = (
        *(cv2.IMWRITE_JPEG_QUALITY, 95),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factors[sampling]),
    )
    return cv2.imencode(".jpg", pixels, options)[1].tobytes()


def rgb_with_coarse_green_and_blue() -> bytes:
    """Sampled as 4:2:0, but its components are called R, G and B, and no JFIF says otherwise."""
    data = bytearray(jpeg_of("4:2:0"))
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    for index, letter in enumerate(b"RGB"):
        data[frame + 10 + 3 * index] = letter
        data[scan + 5 + 2 * index] = letter
    jfif = 2 + int.from_bytes(data[4:6], "big")
    return bytes(data[:2] + data[2 + jfif :])


def encoded(image: PlanarImage | Image, quality: int = 95) -> bytes:
    data = encode(image, ImageFormat.JPEG, quality)
    assert isinstance(data, bytes), data
    return data


def test_the_library_is_here() -> None:
    assert turbojpeg.problem() is None, "make test installs it"


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_photo_of_even_sides_is_held_in_planes(sampling: str) -> None:
    image = as_planar(jpeg_of(sampling))
    assert (image.width, image.height) == (450, 300)
    assert image.planes.luma.shape == (300, 450)
    assert image.planes.blue.shape == image.planes.red.shape == (150, 225)


@pytest.mark.parametrize("sampling", ["4:4:4", "4:1:1"])
def test_other_samplings_go_by_bgr(sampling: str) -> None:
    assert isinstance(decoded(jpeg_of(sampling)), Image)


@pytest.mark.parametrize("size", [(449, 300), (450, 299), (449, 299), (1, 1), (1, 2)])
def test_odd_sides_go_by_bgr(size: tuple[int, int]) -> None:
    assert isinstance(decoded(jpeg_of("4:2:0", photograph_pixels("chelsea.png", *size))), Image)


@pytest.mark.parametrize(
    "data",
    [
        jpeg_file(PHOTO, "L"),
        jpeg_file(PHOTO, "CMYK"),
        rgb_with_coarse_green_and_blue(),
    ],
    ids=["grey", "cmyk", "rgb"],
)
def test_other_colours_go_by_bgr(data: bytes) -> None:
    assert isinstance(decoded(data), Image)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_picture_is_that_of_other_decoders(sampling: str) -> None:
    data = jpeg_of(sampling)
    theirs = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))[:, :, ::-1]
    assert psnr(as_planar(data).pixels, theirs) > 43
    assert psnr(as_planar(data).pixels, PHOTO) > 35


def test_progressive_is_the_same_picture() -> None:
    baseline = as_planar(jpeg_file(PHOTO, quality=90))
    progressive = as_planar(jpeg_file(PHOTO, quality=90, progressive=True))
    assert np.array_equal(baseline.planes.luma, progressive.planes.luma)
    assert np.array_equal(baseline.planes.red, progressive.planes.red)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_planes_stand_upright(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    exif = b"Exif\x00\x00" + exif_block(orientation)
    data = jpeg_file(PHOTO, quality=95, subsampling="4:2:2", exif=exif)
    assert psnr(as_planar(data).pixels, by_bgr(data, monkeypatch).pixels) > 43


@pytest.mark.parametrize("name", COLOUR_PHOTOGRAPHS)
@pytest.mark.parametrize("which", [*NINE, *SHIPPED], ids=lambda which: which.name)
def test_every_variation_is_that_of_bgr(
    name: str, which: Variation, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = jpeg_of("4:2:0", photograph_pixels(name, 640, 480))
    ours = decoded(encoded(as_variation(as_planar(data), which)))
    theirs = decoded(encoded(as_variation(by_bgr(data, monkeypatch), which)))
    assert (ours.width, ours.height) == (theirs.width, theirs.height)
    assert psnr(ours.pixels, theirs.pixels) > 34, which
    # Nothing is shifted, not by half a pixel: then the difference would grow by a lot.
    assert mean_difference(ours.pixels, theirs.pixels) < 2, which


def as_variation(image: PlanarImage | Image, which: Variation) -> PlanarImage | Image:
    return make_variation(image, which, seed=3)


def mean_difference(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.sampled_from(NINE))
def test_the_nine_of_any_even_size_are_whole(
    half_width: int, half_height: int, seed: int, which: Variation
) -> None:
    random = np.random.default_rng(seed)
    luma = random.integers(0, 256, (2 * half_height, 2 * half_width), dtype=np.uint8)
    blue, red = random.integers(0, 256, (2, half_height, half_width), dtype=np.uint8)
    image = PlanarImage(Planes(luma, blue, red))
    before = (luma.copy(), blue.copy(), red.copy())
    made = render(image, which, item_id=7, plan_version="v", jpeg_quality=90)
    assert isinstance(made, Rendered), made
    again = as_planar(made.data)
    assert (again.width, again.height) == (made.width, made.height)
    assert all(map(np.array_equal, before, (luma, blue, red))), "the shared planes changed"


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32))
def test_planes_come_back_from_a_file_nearly_as_they_were(
    half_width: int, half_height: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    smooth = [
        cv2.resize(
            random.integers(0, 256, (3, 3), dtype=np.uint8), size, interpolation=cv2.INTER_LINEAR
        )
        for size in [(2 * half_width, 2 * half_height), *[(half_width, half_height)] * 2]
    ]
    planes = Planes(*(np.asarray(plane, np.uint8) for plane in smooth))
    again = as_planar(encoded(PlanarImage(planes), 100)).planes
    for plane, found in zip(
        (planes.luma, planes.blue, planes.red), (again.luma, again.blue, again.red), strict=True
    ):
        assert np.abs(plane.astype(int) - found.astype(int)).max() <= 4


@pytest.mark.parametrize("names", [("rotate_90", "rotate_270"), ("rotate_180", "rotate_180")])
def test_turning_back_gives_the_very_same_planes(names: tuple[str, str]) -> None:
    image: PlanarImage | Image = as_planar(jpeg_of("4:2:0"))
    assert isinstance(image, PlanarImage)
    turned: PlanarImage | Image = image
    for name in names:
        turned = as_variation(turned, next(each for each in NINE if each.name == name))
    assert isinstance(turned, PlanarImage)
    assert np.array_equal(turned.planes.luma, image.planes.luma)
    assert np.array_equal(turned.planes.blue, image.planes.blue)
    assert np.array_equal(turned.planes.red, image.planes.red)


def test_chroma_is_turned_with_its_luma() -> None:
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:32, :48] = (0, 0, 255)
    image = as_planar(jpeg_of("4:2:0", pixels))
    for name, corner in (
        ("rotate_90", (16, -24)),
        ("rotate_180", (-16, -24)),
        ("rotate_270", (-16, 16)),
        ("flip_horizontal", (16, -24)),
        ("flip_vertical", (-16, 24)),
    ):
        made = as_variation(image, next(each for each in NINE if each.name == name)).pixels
        blue, green, red = made[corner].astype(int)
        assert red > 220, (name, made[corner])
        assert max(blue, green) < 40, (name, made[corner])


def test_what_is_written_passes_the_check_by_markers_alone() -> None:
    image = as_planar(jpeg_of("4:2:0"))
    data = encoded(image)
    assert check_encoded(data, ImageFormat.JPEG, 450, 300) is None
    rows = -(-300 // 16)
    assert sum(data.count(bytes((0xFF, 0xD0 + index))) for index in range(8)) == rows - 1
    for start in range(len(data) // 3, len(data) - 2, len(data) // 7):
        cut = data[:start] + data[start + 3000 :] + b"\xff\xd9"
        assert check_encoded(cut, ImageFormat.JPEG, 450, 300) is not None


def test_brightness_and_clahe_leave_colour_alone() -> None:
    image = as_planar(jpeg_of("4:2:0"))
    for name in ("brightness", "clahe"):
        made = as_variation(image, next(each for each in NINE if each.name == name))
        assert isinstance(made, PlanarImage)
        assert np.array_equal(made.planes.blue, image.planes.blue)
        assert not np.array_equal(made.planes.luma, image.planes.luma)


@pytest.mark.parametrize("kernel", [3, 5, 7, 31])
@pytest.mark.parametrize("sigma", [0.3, 1.1, 6.0])
def test_any_blur_is_that_of_bgr(
    kernel: int, sigma: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = jpeg_of("4:2:0")
    which = variation("gaussian_blur", kernel=kernel, sigma=sigma)
    ours = as_variation(as_planar(data), which).pixels
    theirs = as_variation(by_bgr(data, monkeypatch), which).pixels
    assert psnr(ours, theirs) > 36


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.0, 1.3, 4.0])
def test_any_contrast_is_that_of_bgr(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without clipping: where B, G or R would leave its range, BGR and luma cut differently.
    muted = np.asarray(128 + (PHOTO.astype(int) - 128) * 0.2, np.uint8)
    data = jpeg_of("4:2:0", muted)
    which = variation("contrast", factor=factor)
    ours = as_variation(as_planar(data), which).pixels
    theirs = as_variation(by_bgr(data, monkeypatch), which).pixels
    assert mean_difference(ours, theirs) < 1.5 * max(1.0, factor)


@pytest.mark.parametrize("name", COLOUR_PHOTOGRAPHS)
def test_the_scores_are_those_of_bgr(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg_of("4:2:0", photograph_pixels(name, 1200, 900))
    ours, theirs = measure(as_planar(data)), measure(by_bgr(data, monkeypatch))
    for score in ("blur", "blur_tile", "motion", "motion_tile", "brightness", "contrast"):
        assert getattr(ours, score) == pytest.approx(getattr(theirs, score), rel=0.03), score


def test_a_profile_goes_along() -> None:
    profile = b"\x00\x00\x00\x90" + bytes(12) + b"RGB " + bytes(16) + b"acsp" + bytes(104)
    assert len(profile) == 144 == profile[3]
    image = as_planar(jpeg_file(PHOTO, icc_profile=profile))
    assert image.icc is not None
    again = as_planar(encoded(image))
    assert again.icc == image.icc


def test_a_damaged_header_does_no_harm_to_the_next_photo() -> None:
    good = jpeg_of("4:2:0")
    start = good.index(b"\xff\xc4")
    # A Huffman table that claims more codes than its segment has.
    broken = good[: start + 5] + b"\xff" * 16 + good[start + 21 :]
    for cut in range(2, start + 40):
        outcome(good[:cut])
    assert isinstance(outcome(broken), Failure)
    as_planar(good)


@pytest.mark.parametrize("marker", [b"\xff\xdb", b"\xff\xc4"], ids=["DQT", "DHT"])
def test_a_photo_without_tables_gets_none_of_the_photo_before(marker: bytes) -> None:
    good, without = jpeg_of("4:2:0"), bytearray(jpeg_of("4:2:0"))
    while (start := without.find(marker)) >= 0:
        del without[start : start + 2 + int.from_bytes(without[start + 2 : start + 4], "big")]
    as_planar(good)
    found = outcome(bytes(without))
    if isinstance(found, PlanarImage):
        # Without Huffman tables the standard's own are meant, which this file was written with.
        assert marker == b"\xff\xc4"
        assert np.array_equal(found.planes.luma, as_planar(good).planes.luma)


def test_threads_do_not_disturb_each_other() -> None:
    images = [
        as_planar(jpeg_of("4:2:0", photograph_pixels(name, 320 + 32 * n, 240)))
        for n, name in enumerate(COLOUR_PHOTOGRAPHS)
    ]
    alone = [encoded(image) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(encoded, images * 25))
    assert together == alone * 25


def test_a_file_longer_than_a_jpegs_side_is_refused() -> None:
    planes = Planes(*(np.zeros(shape, np.uint8) for shape in ((2, 70_000), *[(1, 35_000)] * 2)))
    found = encode(PlanarImage(planes), ImageFormat.JPEG, 90)
    assert isinstance(found, Failure)
    assert "70000x2" in found.error


def test_without_the_library_everything_goes_by_bgr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turbojpeg, "LIBRARY", "libturbojpeg-that-is-nowhere.so.0")
    for cached in (turbojpeg._library, turbojpeg.problem):
        cached.cache_clear()
    try:
        found = turbojpeg.problem()
        assert found is not None
        assert "libturbojpeg-that-is-nowhere.so.0" in found
        assert "install libturbojpeg0" in found
        image = decoded(jpeg_of("4:2:0"))
        assert isinstance(image, Image)
        assert isinstance(jpeg.encode(image.pixels, None, 90), bytes)
    finally:
        for cached in (turbojpeg._library, turbojpeg.problem):
            cached.cache_clear()


def test_a_library_that_sets_no_markers_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TJ_RESTART", "0")
    turbojpeg.problem.cache_clear()
    try:
        found = turbojpeg.problem()
        assert found is not None
        assert "restart markers" in found
        assert isinstance(decoded(jpeg_of("4:2:0")), Image)
    finally:
        turbojpeg.problem.cache_clear()


def test_only_changes_of_colour_leave_the_planes() -> None:
    image = as_planar(jpeg_of("4:2:0"))
    for which in (*NINE, *SHIPPED):
        stays = isinstance(as_variation(image, which), PlanarImage)
        assert stays is not which.operation.startswith("color"), which


@pytest.mark.parametrize("degrees", range(-180, 181, 15))
def test_a_cropped_rotation_has_even_sides(degrees: int) -> None:
    image = as_planar(jpeg_of("4:2:0"))
    made = as_variation(image, variation("rotate", degrees=degrees, corners="crop"))
    assert isinstance(made, PlanarImage)
    assert (made.width % 2, made.height % 2) == (0, 0)
    assert made.planes.blue.shape == (made.height // 2, made.width // 2)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([each for each in (*NINE, *SHIPPED) if not each.operation.startswith("color")]),
)
def test_a_plain_photo_stays_plain(half_width: int, half_height: int, which: Variation) -> None:
    planes = Planes(
        np.full((2 * half_height, 2 * half_width), 100, np.uint8),
        np.full((half_height, half_width), 90, np.uint8),
        np.full((half_height, half_width), 160, np.uint8),
    )
    made = as_variation(PlanarImage(planes), which)
    assert isinstance(made, PlanarImage)
    for plane in (made.planes.luma, made.planes.blue, made.planes.red):
        assert plane.min() == plane.max()


def test_all_that_a_plan_may_ask_of_planes_is_whole() -> None:
    image = as_planar(jpeg_of("4:2:0"))
    for which in ALL:
        made = render(image, which, item_id=7, plan_version="v", jpeg_quality=90)
        assert isinstance(made, Rendered), (which, made)
