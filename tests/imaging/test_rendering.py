"""One variation from pixels to checked bytes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.plan import Variation
from colecionador.imaging.codec import AnyImage, ImageFormat
from colecionador.imaging.rendering import Rendered, render
from colecionador.imaging.variations import expected_size
from tests.fix_images import ITEM_PHOTOGRAPHS, as_image, decoded, photograph, variation
from tests.imaging.variations.samples import ALL, NINE, by_name


def rendered(image: AnyImage, which: Variation) -> Rendered | Failure:
    return render(image, which, item_id=7, plan_version="v", jpeg_quality=90)


@pytest.mark.parametrize("name", ITEM_PHOTOGRAPHS)
def test_every_variation_of_a_photograph_is_a_whole_file_of_its_size(name: str) -> None:
    image = decoded(photograph(name))
    for which in ALL:
        made = rendered(image, which)
        assert isinstance(made, Rendered), (which, made)
        assert (made.width, made.height) == expected_size(which, image.width, image.height)
        again = decoded(made.data)
        assert (again.width, again.height) == (made.width, made.height)
        assert again.format is image.format
        assert made.md5 == hashlib.md5(made.data).hexdigest()
        assert min(made.transform_ms, made.encode_ms, made.validate_ms) > 0


@pytest.mark.parametrize("file_format", list(ImageFormat))
@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 5)])
def test_the_nine_of_a_strange_shape_are_whole(
    shape: tuple[int, int], file_format: ImageFormat
) -> None:
    image = as_image(np.full((*shape, 3), 90, np.uint8), file_format)
    assert all(isinstance(rendered(image, which), Rendered) for which in NINE)


def test_an_operation_that_fails_is_named_and_does_not_raise() -> None:
    # OpenCV remaps no image with a side of 32767 pixels or more.
    image = as_image(np.zeros((1, 40_000), np.uint8))
    failure = rendered(image, by_name("elastic_1"))
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.TRANSFORM_FAILED
    assert failure.error.startswith("elastic_1: ")
    assert failure.traceback is not None
    assert isinstance(rendered(image, by_name("blur")), Rendered)


def test_a_variation_that_its_format_cannot_hold_is_invalid() -> None:
    image = as_image(np.zeros((1, 70_000), np.uint8), ImageFormat.JPEG)
    failure = rendered(image, by_name("flip_horizontal"))
    assert isinstance(failure, Failure)
    assert failure.error_type is ErrorType.INVALID_FORMAT


def test_the_item_and_the_variations_name_decide_what_is_drawn() -> None:
    image = decoded(photograph("astronaut.png"))
    first = variation("elastic", "elastic_1", amplitude=0.01, cells=6)
    second = variation("elastic", "elastic_2", amplitude=0.01, cells=6)
    made = [
        render(image, which, item_id=item, plan_version=plan, jpeg_quality=90)
        for which in (first, second)
        for item in (1, 2)
        for plan in ("a", "b")
    ]
    assert len({each.md5 for each in made if isinstance(each, Rendered)}) == 8
