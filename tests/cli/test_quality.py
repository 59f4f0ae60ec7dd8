"""`augment quality` prints scores, limits, verdicts and reasons, and needs no server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.augment import Augment
from tests.fix_images import photograph


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sharp photo and one that has moved."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("coffee.png", "clock_motion.png"):
        (photos / name).write_bytes(photograph(name))
    return photos


def test_each_image_has_its_scores_its_verdict_and_the_reason(
    offline: Augment, folder: Path
) -> None:
    ran = offline("quality", str(folder))
    assert ran.code == 0
    (limits,) = ran.lines_with("limits")
    assert "≥ 20 " in limits
    assert "20–245" in limits
    (sharp,), (moved,) = ran.lines_with("coffee.png"), ran.lines_with("clock_motion.png")
    assert sharp.rstrip().endswith("good")
    assert "moved: motion 0.0255 < 0.1, motion_tile 0.0256 < 0.17" in moved


def test_json_has_an_object_for_each_image(offline: Augment, folder: Path) -> None:
    ran = offline("quality", str(folder), "--json")
    assert ran.code == 0
    moved, sharp = (json.loads(line) for line in ran.out.splitlines())
    assert Path(moved["path"]).name == "clock_motion.png"
    assert moved["badQuality"]
    assert moved["findings"][0].startswith("moved: ")
    assert not sharp["badQuality"]
    assert sharp["findings"] == []
    names = {"blur", "blur_tile", "motion", "motion_tile", "brightness", "p5", "p99", "contrast"}
    assert names <= set(sharp)


def test_the_limits_are_those_of_the_settings_and_of_the_categoria(
    offline: Augment,
    folder: Path,
    clean_environment: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    plan = tmp_path / "plan.toml"
    nine = (Path(__file__).parents[1] / "plans" / "nine.toml").read_text(encoding="utf-8")
    plan.write_text(nine + "[categoria.selos.quality]\nmotion_min = 0.01\nbrightness_min = 200\n")
    clean_environment.setenv("AUGMENT_PLAN", str(plan))
    clean_environment.setenv("AUGMENT_CONTRAST_MIN", "100")
    judged = {}
    for categoria in ("selos", "moedas"):
        ran = offline("quality", str(folder), "--json", "--categoria", categoria)
        judged[categoria] = [json.loads(line)["findings"] for line in ran.out.splitlines()]
    moved, sharp = judged["selos"]
    assert [finding.split(":")[0] for finding in moved] == ["dark", "flat"]
    assert [finding.split(":")[0] for finding in sharp] == ["dark", "flat"]
    assert [finding.split(":")[0] for finding in judged["moedas"][0]] == ["moved", "flat"]


def test_what_does_not_decode_is_told_and_the_others_are_judged(
    offline: Augment, folder: Path
) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    ran = offline("quality", str(folder))
    assert ran.code == 1
    assert "broken.jpg: corrupt_image: " in ran.err
    assert ran.lines_with("coffee.png")
    ran = offline("quality", str(folder), "--json")
    assert json.loads(ran.out.splitlines()[0])["error"].startswith("corrupt_image: ")


def test_a_wrong_plan_is_told_with_its_key(
    offline: Augment, folder: Path, clean_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("[categoria.selos.quality]\nblurr = 1\n")
    clean_environment.setenv("AUGMENT_PLAN", str(plan))
    ran = offline("quality", str(folder))
    assert ran.code == 2
    assert "categoria.selos.quality.blurr: no such limit" in ran.err
