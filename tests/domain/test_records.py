"""Records are quick to make, have no room for a misspelt field, and equal by their fields."""

from __future__ import annotations

import pytest

from colecionador.domain.records import record


@record
class Point:
    """A record of two fields."""

    across: int
    down: int = 0


def test_records_of_the_same_fields_are_one_in_a_set() -> None:
    assert Point(1) == Point(1, 0) != Point(1, 2)
    assert len({Point(1), Point(1, 0), Point(1, 2)}) == 2


def test_a_field_that_is_not_declared_has_no_room() -> None:
    with pytest.raises(AttributeError):
        Point(1).left = 3  # type: ignore[attr-defined] # what this is about


def test_a_match_takes_it_apart() -> None:
    match Point(3, 4):
        case Point(across, down):
            assert (across, down) == (3, 4)
