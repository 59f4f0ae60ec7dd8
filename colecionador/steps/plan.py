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
        facts = photo.facts
        variations = self.plan.variations(facts.item.categoria, bad_quality=facts.quality.bad)
        photo.pixels.share(len(variations))
        return [
            Rendering(facts, photo.pixels, variation, len(variations))
            for variation in sorted(variations, key=is_costly, reverse=True)
        ]
