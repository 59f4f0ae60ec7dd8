"""Variations that cannot be made are left out of their item, through the whole dataflow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from colecionador.domain.plan import BASE_VARIATIONS
from colecionador.domain.settings import Settings
from colecionador.imaging.codec import Pixels
from colecionador.imaging.variations.operation import Operation
from colecionador.imaging.variations.registry import OPERATIONS
from tests.replay.harness import World, replay
from tests.replay.recording import ImageLine, MessageLine, Recording, Run

BODY = {"itemId": 7, "categoria": "selos", "objectKey": "originals/7.jpg"}


def raises(*_: object) -> Pixels:
    """An operation with a fault."""
    raise ValueError("the lens fell off")


def narrower(pixels: Pixels, *_: object) -> Pixels:
    """An operation that makes another size than it declares: the encoded file is not valid."""
    return pixels[:, 1:].copy()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """Replaces what an operation does."""

    def replace_apply(name: str, apply: Any) -> None:
        operations = cast(dict[str, Operation], OPERATIONS)
        monkeypatch.setitem(operations, name, replace(operations[name], apply=apply))

    return replace_apply


def run() -> World:
    """One good photo through the dataflow."""
    message = MessageLine(json.dumps(BODY).encode(), "m-7", 0.0)
    recording = Recording([ImageLine("originals/7.jpg", "photo", 1)], runs=[Run([message])])
    return replay(recording, Settings(), workers=1, epoch_ms=10_000)


def test_an_operation_that_raises_and_an_invalid_file_are_skipped_and_the_others_go_on(
    broken: Callable[[str, Any], None],
) -> None:
    broken("flip", raises)
    broken("clahe", narrower)
    world = run()
    (completion,) = world.broker.completions
    body = json.loads(completion.body)
    assert body["skipped"] == [
        {"name": "flip_horizontal", "errorType": "transform_failed"},
        {"name": "flip_vertical", "errorType": "transform_failed"},
        {"name": "clahe", "errorType": "invalid_format"},
    ]
    left = [name for name in BASE_VARIATIONS if not name.startswith(("flip", "clahe"))]
    assert [each["name"] for each in body["variations"]] == left
    keys = [key for key in world.store.dump() if key.startswith("training/")]
    assert sorted(key.rpartition("/")[2] for key in keys) == sorted(f"{name}.jpg" for name in left)
    rows = world.ledger.dump()
    assert "the lens fell off" in rows
    assert rows.count("skipped") == 3
    assert world.broker.dead_letters == []


def test_an_item_of_which_no_variation_is_left_is_a_dead_letter_at_once(
    broken: Callable[[str, Any], None],
) -> None:
    for name in OPERATIONS:
        broken(name, raises)
    world = run()
    ((_, letter),) = world.broker.dead_letters
    assert letter.failure.error_type == "no_valid_variation"
    assert letter.failure.error.startswith("none of 9 variations is valid: rotate_90: ")
    assert letter.subject.attempt == 1
    assert world.broker.completions == []
    assert world.broker.retries == []
    assert not [key for key in world.store.dump() if key.startswith("training/")]
