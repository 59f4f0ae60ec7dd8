"""Every operation by its name. A new one is a function in a family's file and is listed there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from random import Random

from colecionador.domain.plan import Parameter, Variation
from colecionador.imaging.codec import AnyImage, Image, PlanarImage
from colecionador.imaging.variations import (
    blur,
    clahe,
    colour,
    elastic,
    flip,
    rotate,
    tone,
    viewpoint,
)
from colecionador.imaging.variations.operation import NoDraws, Operation

_NO_DRAWS = NoDraws()

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for family in (rotate, flip, tone, blur, clahe, viewpoint, elastic, colour)
    for operation in family.OPERATIONS
}


def check_operation(name: str, parameters: Mapping[str, Parameter]) -> str | None:
    """What is wrong with a plan's operation and its parameters, or None."""
    operation = OPERATIONS.get(name)
    if operation is None:
        return f'operation = "{name}": unknown; use one of {", ".join(sorted(OPERATIONS))}'
    return operation.problem(parameters)


def make_variation(image: AnyImage, variation: Variation, seed: int) -> AnyImage:
    """The variation of an image; the same image, variation and seed give the same pixels.

    The variation comes from a plan that `check_operation` found right.
    """
    operation = OPERATIONS[variation.operation]
    # Python promises that `random()` of one seed gives one sequence in every version.
    random = Random(seed) if operation.draws else _NO_DRAWS  # noqa: S311 - for pictures, no secrets
    parameters = dict(variation.parameters)
    if isinstance(image, PlanarImage) and operation.apply_to_planes is not None:
        planes = operation.apply_to_planes(image.planes, parameters, random)
        return PlanarImage(planes, image.icc)
    pixels = operation.apply(image.pixels, parameters, random)
    return Image(pixels, image.format, image.icc)


def is_costly(variation: Variation) -> bool:
    """Whether making the variation takes longer than encoding it."""
    return OPERATIONS[variation.operation].costly


def expected_size(variation: Variation, width: int, height: int) -> tuple[int, int]:
    """The width and height of the variation of an image of this width and height."""
    return OPERATIONS[variation.operation].size(dict(variation.parameters), width, height)


def variation_seed(item_id: int, name: str, plan_version: str) -> int:
    """The seed of one item's variation: its random draws are the same for ever."""
    text = f"{item_id}\x00{name}\x00{plan_version}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
