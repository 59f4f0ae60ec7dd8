"""How a batch with repeated messages is cut, and what text becomes on its way to a column."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.postgres.text import ERROR_LIMIT, storable
from connectors.postgres.waves import waves

BATCHES = st.lists(st.sampled_from("abcde"))
ANY_TEXT = st.text(st.characters(), max_size=50)


@given(BATCHES)
def test_every_position_is_in_one_wave(message_ids: list[str]) -> None:
    positions = sorted(position for wave in waves(message_ids) for position in wave)

    assert positions == list(range(len(message_ids)))


@given(BATCHES)
def test_no_wave_has_a_message_twice_and_each_is_sorted_by_message(message_ids: list[str]) -> None:
    for wave in waves(message_ids):
        messages = [message_ids[position] for position in wave]
        assert messages == sorted(set(messages))


@given(BATCHES)
def test_a_message_that_comes_twice_keeps_its_order(message_ids: list[str]) -> None:
    in_turn = [position for wave in waves(message_ids) for position in wave]

    for message_id in set(message_ids):
        positions = [at for at in in_turn if message_ids[at] == message_id]
        assert positions == sorted(positions)


@given(ANY_TEXT)
def test_storable_text_is_utf_8_without_a_nul(text: str) -> None:
    assert b"\x00" not in storable(text).encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50))
def test_text_that_can_be_stored_is_left_alone(text: str) -> None:
    assert storable(text) == text


@given(st.integers(0, 3))
def test_a_text_beyond_the_limit_is_cut_and_says_so(beyond: int) -> None:
    stored = storable("x" * (ERROR_LIMIT + beyond))

    assert len(stored) == ERROR_LIMIT
    assert stored.endswith("…") == (beyond > 0)
