"""Contact sheets: everything that was measured is on them, and nothing of them is elsewhere."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.plan import BASE_VARIATIONS, Plan, load_plan
from colecionador.domain.settings import Settings
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.variations import check_operation
from colecionador.sheets.contents import Section, Sheet, picture, skipped
from colecionador.sheets.local import local_section
from colecionador.sheets.page import html_page
from colecionador.sheets.poster import COLUMNS, png_poster
from tests.fix_images import icc_profile, jpeg_file, photograph, photograph_pixels, png_file

PHOTO = jpeg_file(photograph_pixels("coffee.png"))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The nine, and for coins a variation that cannot be made of a very long image."""
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    nine = Path(__file__).parents[1] / "plans" / "nine.toml"
    table = '[categoria.selos.wavy]\noperation = "elastic"\namplitude = 0.01\ncells = 6\n'
    path.write_text(nine.read_text(encoding="utf-8") + table)
    return load_plan(path, check_operation)


def section_of(data: bytes, plan: Plan, categoria: str = "selos") -> Section:
    section = local_section(
        "a <b>&photo", data, item_id=1, categoria=categoria, plan=plan, settings=Settings()
    )
    assert isinstance(section, Section), section
    return section


def test_a_section_has_every_variation_with_what_was_measured(plan: Plan) -> None:
    section = section_of(PHOTO, plan)
    assert [one.name for one in section.variations] == [*BASE_VARIATIONS, "wavy"]
    assert section.findings == ()
    for one in (section.original, *section.variations):
        assert (one.width, one.height) in {(600, 400), (400, 600)}
        assert one.bytes > 1000
        assert len(one.md5) == 32
        assert one.scores is not None
        assert one.thumbnail is not None
        assert not one.problem
    assert section.variations[-1].note == "elastic amplitude=0.01 cells=6"


def test_the_page_shows_everything_and_needs_nothing_else(plan: Plan) -> None:
    section = section_of(PHOTO, plan)
    page = html_page(Sheet("Item 1", (section,)))
    for one in (section.original, *section.variations):
        assert one.md5 in page
        assert one.name in page
    assert "good quality" in page
    assert "a &lt;b&gt;&amp;photo" in page
    assert "<b>" not in page
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 11
    for source in sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/jpeg;base64"
        assert max(Pillow.open(io.BytesIO(b64decode(data))).size) == 480
    assert "url(" not in page
    assert "<script" not in page


def test_the_poster_is_a_png_with_a_cell_for_each_picture(plan: Plan) -> None:
    section = section_of(PHOTO, plan)
    one = Pillow.open(io.BytesIO(png_poster(Sheet("Item 1", (section,)))))
    two = Pillow.open(io.BytesIO(png_poster(Sheet("Items", (section, section)))))
    assert one.format == "PNG"
    assert one.size[0] == two.size[0]
    assert two.size[1] > 1.9 * one.size[1]
    # Eleven pictures are three rows of four; the place of the twelfth is empty.
    last = np.asarray(one.convert("L"))[-200:, -one.size[0] // COLUMNS :]
    assert last.min() == last.max()


def test_what_was_skipped_is_shown_with_its_reason(plan: Plan) -> None:
    # OpenCV remaps no image with a side of 32767 pixels or more.
    wide = cv2.resize(photograph_pixels("coffee.png"), (33_000, 24))
    lenient = tuple((f"{name}_min", 0.0) for name in ("blur", "motion", "contrast"))
    anything = replace(plan, quality=(("selos", lenient),))
    section = section_of(png_file(np.asarray(wide, np.uint8)), anything)
    (missing,) = [one for one in section.variations if one.thumbnail is None]
    assert missing.name == "wavy"
    assert missing.problem.startswith("transform_failed: wavy: ")
    page = html_page(Sheet("Item 1", (section,)))
    assert "9 variations, 1 skipped" in page
    assert "transform_failed: wavy: " in page
    assert png_poster(Sheet("Item 1", (section,)))


def test_a_photo_of_low_quality_has_the_base_variations_and_the_reasons(plan: Plan) -> None:
    section = section_of(photograph("clock_motion.png"), plan)
    assert [one.name for one in section.variations] == [*BASE_VARIATIONS]
    page = html_page(Sheet("Item 1", (section,)))
    assert "low quality" in page
    assert "moved: motion 0.0255 &lt; 0.1" in page


def test_the_limits_of_the_categoria_are_those_that_are_shown(plan: Plan) -> None:
    strict = replace(plan, quality=(("selos", (("blur_min", 1e6), ("blur_tile_min", 1e6))),))
    section = section_of(PHOTO, strict)
    assert section.limits == Thresholds(blur_min=1e6, blur_tile_min=1e6)
    assert section.findings[0].startswith("blurred")
    assert "≥ 1e+06" in html_page(Sheet("Item 1", (section,)))
    assert section_of(PHOTO, strict, "moedas").findings == ()


def test_what_the_service_would_refuse_has_no_section(plan: Plan) -> None:
    refused = local_section(
        "half", PHOTO[:5000], item_id=1, categoria="selos", plan=plan, settings=Settings()
    )
    assert isinstance(refused, Failure)
    assert refused.error_type is ErrorType.CORRUPT_IMAGE


def test_a_picture_says_when_it_is_damaged_or_another_one() -> None:
    damaged = picture("blur", PHOTO[:5000])
    assert damaged.problem.startswith("corrupt_image: ")
    assert (damaged.bytes, damaged.thumbnail) == (5000, None)
    other = picture("blur", PHOTO, expected_md5="0" * 32)
    assert other.problem == f"MD5 is not the recorded {'0' * 32}"
    assert other.thumbnail is not None
    assert picture("blur", PHOTO, expected_md5=other.md5).problem == ""
    assert (
        skipped("blur", Failure(ErrorType.INVALID_FORMAT, "why")).problem == "invalid_format: why"
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_shape_has_a_thumbnail(shape: tuple[int, int], channels: int) -> None:
    size = shape if channels == 1 else (*shape, channels)
    made = picture("original", png_file(np.full(size, 90, np.uint8)))
    assert made.thumbnail is not None
    assert max(made.thumbnail.pixels.shape[:2]) <= 480


def test_a_transparent_part_shows_the_ground_and_not_its_hidden_colour() -> None:
    hidden = np.zeros((60, 60, 4), np.uint8)
    hidden[:, :, 2] = 255
    made = picture("original", png_file(hidden))
    assert made.thumbnail is not None
    assert set(np.unique(made.thumbnail.pixels)) == {214, 255}


def test_a_thumbnail_keeps_the_colour_profile() -> None:
    profile = icc_profile()
    made = picture("original", jpeg_file(photograph_pixels("coffee.png"), icc_profile=profile))
    assert made.thumbnail is not None
    assert Pillow.open(io.BytesIO(made.thumbnail.jpeg)).info["icc_profile"] == profile
