"""The second JPEG decoder's child: when it dies, its parent does not try the same."""

from __future__ import annotations

import pytest

from colecionador.domain.failures import ErrorType, Failure
from colecionador.imaging.codec import jpeg_unusual
from tests.fix_flat_jpeg import flat_jpeg
from tests.fix_images import outcome

RARE = flat_jpeg(50, 37, ((4, 2), (1, 1), (1, 1)), (180, 100, 150))


def test_a_picture_whose_first_decoding_ends_the_child_is_not_decoded_in_the_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not isinstance(outcome(RARE), Failure)
    monkeypatch.setattr(jpeg_unusual, "_CHILD", "import os; os.abort()")
    failure = outcome(RARE)
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.CORRUPT_IMAGE
    assert "signal 6" in failure.error
