"""The plan step: one photo becomes the variations that its categoria and its quality ask for."""

from __future__ import annotations

from colecionador.domain.plan import Plan, Variation
from colecionador.imaging.variations import is_costly
from colecionador.steps.photo import Photo, Rendering

_Ordered = tuple[tuple[int, Variation], ...]
"""Variations with their positions in the plan, in the order that they are begun in."""


class PlanVariations:
    """The step. What each categoria gets is known from the plan, once for all photos."""

    def __init__(self, plan: Plan) -> None:
        self._base = _ordered(plan.base)
        self._good = {
            categoria: _ordered(plan.variations(categoria, bad_quality=False))
            for categoria in plan.categorias
        }

    def __call__(self, photo: Photo) -> list[Rendering]:
        """The photo's variations, each with a share of its pixels."""
        facts, pixels = photo.facts, photo.pixels
        ordered = self._base
        if not facts.quality.bad:
            ordered = self._good.get(facts.item.categoria, ordered)
        count = len(ordered)
        pixels.share(count)
        return [
            Rendering(facts, pixels, variation, position, count) for position, variation in ordered
        ]


def _ordered(variations: tuple[Variation, ...]) -> _Ordered:
    """The costly ones first: begun last, one would be computed alone when all others are done."""
    return tuple(
        sorted(enumerate(variations), key=lambda numbered: is_costly(numbered[1]), reverse=True)
    )
