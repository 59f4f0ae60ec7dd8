"""Every hostile file gives its nine variations, or the one error type that says why not."""

from __future__ import annotations

import pytest

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import AnyImage, check_limits, decode, read_header
from colecionador.imaging.quality import judge
from colecionador.imaging.rendering import Rendered, render
from tests.fix_hostile_images import hostile_files
from tests.imaging.variations.samples import NINE

FILES = hostile_files()


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_ends_as_it_must(name: str) -> None:
    data, expected = FILES[name]
    found = _read(data)
    if expected is not None:
        assert isinstance(found, Failure), found
        assert found.error_type is expected
        return
    assert isinstance(found, AnyImage), found
    judge(found, Thresholds())
    for which in NINE:
        made = render(found, which, item_id=1, plan_version="", jpeg_quality=90)
        assert isinstance(made, Rendered), made


def _read(data: bytes) -> AnyImage | Failure:
    header = read_header(data)
    if isinstance(header, Failure):
        return header
    return check_limits(header, 120_000_000) or decode(data, header)


def test_every_kind_of_permanent_failure_is_among_them() -> None:
    assert {expected for _, expected in FILES.values()} >= {
        None,
        ErrorType.CORRUPT_IMAGE,
        ErrorType.INVALID_FORMAT,
        ErrorType.SOURCE_TOO_LARGE,
        ErrorType.UNSUPPORTED_FORMAT,
    }
