"""A plan's operations and parameters are checked with words that say what to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from colecionador.domain.plan import BASE_VARIATIONS, Parameter, PlanError, load_plan
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.variations import check_operation

PLAN = Path("colecionador/domain/augmentations.toml")


def test_the_plan_that_is_shipped_has_the_nine() -> None:
    plan = load_plan(None, check_operation)
    assert tuple(known.name for known in plan.base) == BASE_VARIATIONS
    assert plan.categorias == ("carros", "moedas", "animais", "arte")


@pytest.mark.parametrize(
    ("operation", "parameters", "words"),
    [
        ("spin", {}, 'operation = "spin": unknown; use one of blur'),
        ("quarter_turn", {}, "turns: missing; quarter_turn needs it"),
        ("quarter_turn", {"turns": 4}, "turns = 4: must be an integer from 1 to 3"),
        ("quarter_turn", {"turns": 1.0}, "turns = 1.0: must be an integer from 1 to 3"),
        ("quarter_turn", {"turns": True}, "turns = true: must be an integer from 1 to 3"),
        ("quarter_turn", {"turns": "1"}, 'turns = "1": must be an integer from 1 to 3'),
        ("flip", {"axis": "diagonal"}, 'axis = "diagonal": must be "horizontal" or "vertical"'),
        ("flip", {"axis": 1}, 'axis = 1: must be "horizontal" or "vertical"'),
        ("flip", {"axis": "vertical", "speed": 2}, "speed: flip has no such parameter"),
        ("brightness", {"offset": 256}, "offset = 256: must be an integer from -255 to 255"),
        ("contrast", {"factor": 0}, "factor = 0: must be a number from 0.1 to 4"),
        ("contrast", {"factor": float("nan")}, "factor = nan: must be a number from 0.1 to 4"),
        ("gaussian_blur", {"kernel": 4, "sigma": 1}, "kernel = 4: must be an odd integer from 3"),
        ("clahe", {"clip_limit": 2, "tiles": 0}, "tiles = 0: must be an integer from 1 to 64"),
        ("rotate", {"degrees": 15, "corners": "black"}, 'must be "reflect" or "crop"'),
    ],
)
def test_what_is_wrong_is_named_with_its_value_and_its_range(
    operation: str, parameters: dict[str, Parameter], words: str
) -> None:
    finding = check_operation(operation, parameters)
    assert finding is not None
    assert words.replace("use one of blur", "use one of brightness") in finding


def test_whole_numbers_are_numbers_too() -> None:
    assert check_operation("contrast", {"factor": 2}) is None


def test_a_wrong_plan_names_the_key_at_fault(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    shipped = PLAN.read_text(encoding="utf-8")
    path.write_text(shipped.replace("turns = 1", "turns = 7").replace("[base.clahe]", "[base.x]"))
    with pytest.raises(PlanError) as raised:
        load_plan(path, check_operation)
    assert "base.rotate_90: turns = 7: must be an integer from 1 to 3" in str(raised.value)


def test_a_team_adds_a_variation_without_touching_code(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    table = '\n[categoria.selos.tilt]\noperation = "rotate"\ndegrees = 4\ncorners = "crop"\n'
    path.write_text(PLAN.read_text(encoding="utf-8") + table)
    plan = load_plan(path, check_operation)
    names = [known.name for known in plan.variations("selos", bad_quality=False)]
    assert names == [*BASE_VARIATIONS, "tilt"]


def test_a_categoria_has_limits_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    table = "\n[categoria.selos.quality]\nblur_min = 5\np99_min = 60.5\n"
    path.write_text(PLAN.read_text(encoding="utf-8") + table)
    plan = load_plan(path, check_operation)
    settings = Thresholds(contrast_min=3)
    assert plan.thresholds("selos", settings) == Thresholds(
        blur_min=5, p99_min=60.5, contrast_min=3
    )
    assert plan.thresholds("moedas", settings) == settings
    assert plan.thresholds("unknown", settings) == settings
    assert [known.name for known in plan.variations("selos", bad_quality=False)] == [
        *BASE_VARIATIONS
    ]
    assert plan.canonical() != load_plan(None, check_operation).canonical()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sharpness = 1", "categoria.selos.quality.sharpness: no such limit; there are blur_min,"),
        ("blur_min = -1", "categoria.selos.quality.blur_min = -1: must be a number from 0 to"),
        ('blur_min = "5"', "categoria.selos.quality.blur_min = 5: must be a number from 0 to"),
        ("p5_max = 256", "categoria.selos.quality.p5_max = 256: must be a number from 0 to 255"),
        ("blur_min = nan", "categoria.selos.quality.blur_min = nan: must be a number"),
        ("blur_min = true", "categoria.selos.quality.blur_min = True: must be a number"),
        ('operation = "flip"', "categoria.selos.quality: has the limits of quality"),
    ],
)
def test_a_wrong_limit_is_named_with_its_key(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(f"{PLAN.read_text(encoding='utf-8')}\n[categoria.selos.quality]\n{line}\n")
    with pytest.raises(PlanError) as raised:
        load_plan(path, check_operation)
    assert words in str(raised.value)
