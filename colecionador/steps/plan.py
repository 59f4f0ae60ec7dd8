"""The plan step: one photo becomes the variations that its categoria and its quality ask for."""

from __future__ import annotations

from dataclasses import dataclass

from colecionador.domain.plan import Plan
from colecionador.imaging.variations import is_costly
from colecionador.steps.photo import Photo, Rendering


@dataclass(frozen=True, slots=True)
class PlanVariations:
    """The step, with the plan that it follows."""

    plan: Plan

    def __call__(self, photo: Photo) -> list[Rendering]:
        """The photo's variations, each with a share of its pixels.

        The costly ones first: begun last, one would be computed alone when all others are done.
        """
        facts, pixels = photo.facts, photo.pixels
        variations = self.plan.variations(facts.item.categoria, bad_quality=facts.quality.bad)
        count = len(variations)
        pixels.share(count)
        renderings = [
            Rendering(facts, pixels, variation, position, count)
            for position, variation in enumerate(variations)
        ]
        return sorted(renderings, key=_is_costly, reverse=True)


def _is_costly(rendering: Rendering) -> bool:
    return is_costly(rendering.variation)
