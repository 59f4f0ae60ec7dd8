"""The plan version changes with whatever changes bytes or decisions, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from colecionador.domain.plan import load_plan
from colecionador.domain.settings import Settings
from colecionador.imaging.variations import check_operation
from colecionador.imaging.version import plan_version

SHIPPED = Path("colecionador/domain/augmentations.toml").read_text(encoding="utf-8")


def version_of(text: str, path: Path, **settings: float) -> str:
    path.write_text(text, encoding="utf-8")
    return plan_version(load_plan(path, check_operation), Settings().model_copy(update=settings))


def test_it_is_a_sha256_in_hexadecimal() -> None:
    version = plan_version(load_plan(None, check_operation), Settings())
    assert len(version) == 64
    assert int(version, 16) > 0


def test_comments_and_spelling_do_not_change_it(tmp_path: Path) -> None:
    commented = "# another comment\n" + SHIPPED.replace("turns = 1\n", "turns  =  0x1  # one\n")
    assert commented != SHIPPED
    path = tmp_path / "plan.toml"
    assert version_of(commented, path) == version_of(SHIPPED, path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("offset = 30", "offset = 31"),
        ("sigma = 1.1", "sigma = 1.2"),
        ("amplitude = 0.009", "amplitude = 0.01"),
    ],
)
def test_a_changed_plan_changes_it(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "plan.toml"
    assert version_of(SHIPPED.replace(old, new), path) != version_of(SHIPPED, path)


@pytest.mark.parametrize(
    "changed",
    [
        {"jpeg_quality": 91},
        {"blur_min": 21},
        {"motion_min": 0.2},
        {"brightness_min": 21},
        {"brightness_max": 244},
        {"contrast_min": 9},
    ],
)
def test_a_changed_setting_of_encoding_or_quality_changes_it(
    tmp_path: Path, changed: dict[str, float]
) -> None:
    path = tmp_path / "plan.toml"
    assert version_of(SHIPPED, path, **changed) != version_of(SHIPPED, path)


def test_a_changed_setting_of_anything_else_does_not(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    assert version_of(SHIPPED, path, lanes=9, prefetch=9) == version_of(SHIPPED, path)
