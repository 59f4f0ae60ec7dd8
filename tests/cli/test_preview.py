"""`augment preview` makes the sheet that a plan would lead to, and needs no server."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image as Pillow

from colecionador.cli.photographs import read_photograph
from colecionador.domain.plan import load_plan
from colecionador.domain.settings import Settings
from colecionador.imaging.rendering import Rendered, render
from colecionador.imaging.variations import check_operation
from colecionador.imaging.version import plan_version
from tests.cli.augment import Augment
from tests.fix_images import decoded, jpeg_file, photograph_pixels

NINE = Path(__file__).parents[1] / "plans" / "nine.toml"
WAVY = '[categoria.selos.wavy]\noperation = "elastic"\namplitude = 0.01\ncells = 6\n'


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg_file(photograph_pixels("coffee.png", 300, 200)))
    return path


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "tried.toml"
    path.write_text(NINE.read_text(encoding="utf-8") + WAVY)
    return path


def test_the_sheet_shows_the_bytes_that_the_service_would_store(
    offline: Augment, photo: Path, plan: Path, tmp_path: Path
) -> None:
    ran = offline("preview", str(photo), "--categoria", "selos", "--plan", str(plan))
    assert (ran.code, ran.out.strip()) == (0, "preview.html")
    page = (tmp_path / "preview.html").read_text(encoding="utf-8")
    loaded = load_plan(plan, check_operation)
    item_id = read_photograph(photo, None)[0].item_id
    for variation in loaded.variations("selos", bad_quality=False):
        made = render(
            decoded(photo.read_bytes()),
            variation,
            item_id=item_id,
            plan_version=plan_version(loaded, Settings()),
            jpeg_quality=90,
        )
        assert isinstance(made, Rendered)
        assert hashlib.md5(made.data).hexdigest() in page


def test_a_png_is_written_where_its_name_says_so(
    offline: Augment, photo: Path, plan: Path, tmp_path: Path
) -> None:
    output = tmp_path / "sheet.png"
    words = ("preview", str(photo), "--categoria", "selos", "--plan", str(plan))
    ran = offline(*words, "-o", str(output))
    assert (ran.code, ran.out.strip()) == (0, str(output))
    assert Pillow.open(io.BytesIO(output.read_bytes())).format == "PNG"


def test_the_plan_in_force_is_the_default(
    offline: Augment,
    photo: Path,
    plan: Path,
    clean_environment: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    clean_environment.setenv("AUGMENT_PLAN", str(plan))
    assert offline("preview", str(photo), "--categoria", "selos").code == 0
    assert "wavy" in (tmp_path / "preview.html").read_text(encoding="utf-8")


def test_images_that_do_not_decode_are_told_and_the_others_shown(
    offline: Augment, photo: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:900])
    ran = offline("preview", str(broken), str(photo), "--categoria", "selos")
    assert ran.code == 1
    assert "broken.jpg: corrupt_image: " in ran.err
    assert "photo.jpg" in (tmp_path / "preview.html").read_text(encoding="utf-8")


def test_wrong_usage_is_told_before_any_work(offline: Augment, photo: Path, tmp_path: Path) -> None:
    words = ("preview", str(photo), "--categoria", "selos")
    ran = offline(*words, "-o", "sheet.gif")
    assert (ran.code, ".html or .png" in ran.err) == (2, True)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[other]\n")
    ran = offline(*words, "--plan", str(wrong))
    assert (ran.code, "other: unknown" in ran.err) == (2, True)
    ran = offline(*words, "-o", str(tmp_path / "nowhere" / "sheet.html"))
    assert (ran.code, "No such file" in ran.err) == (1, True)
