"""What the service would make of a file, without any server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from colecionador.domain.failures import Failure
from colecionador.domain.plan import Plan, Variation
from colecionador.domain.settings import Settings
from colecionador.imaging.codec import AnyImage
from colecionador.imaging.intake import accept, decode_and_judge
from colecionador.imaging.quality import thresholds
from colecionador.imaging.rendering import render
from colecionador.imaging.version import plan_version
from colecionador.sheets.contents import Picture, Section, picture, skipped


def local_section(
    title: str, data: bytes, *, item_id: int, categoria: str, plan: Plan, settings: Settings
) -> Section | Failure:
    """The original and every variation that the plan has for it, byte for byte as the service's.

    The failure is the one that would send its message to the dead letters.
    """
    limits = plan.thresholds(categoria, thresholds(settings))
    header = accept(data, settings.max_pixels)
    if isinstance(header, Failure):
        return header
    decoded = decode_and_judge(data, header, limits)
    if isinstance(decoded, Failure):
        return decoded
    image, judgement = decoded
    version = plan_version(plan, settings)
    variations = plan.variations(categoria, bad_quality=judgement.quality.bad)

    def made(variation: Variation) -> Picture:
        return _made(image, variation, item_id, version, settings.jpeg_quality)

    with ThreadPoolExecutor(settings.cpu_threads) as pool:
        pictures = tuple(pool.map(made, variations))
    return Section(
        title=title,
        facts=(("categoria", categoria), ("item", str(item_id)), ("plan", version[:12])),
        original=picture("original", data),
        limits=limits,
        findings=judgement.quality.findings,
        variations=pictures,
    )


def recipe(variation: Variation) -> str:
    """How a variation is made, as its plan says."""
    parameters = " ".join(f"{name}={value}" for name, value in variation.parameters)
    return f"{variation.operation} {parameters}"


def _made(
    image: AnyImage, variation: Variation, item_id: int, version: str, jpeg_quality: int
) -> Picture:
    encoded = render(
        image, variation, item_id=item_id, plan_version=version, jpeg_quality=jpeg_quality
    )
    if isinstance(encoded, Failure):
        return skipped(variation.name, encoded, note=recipe(variation))
    return picture(variation.name, encoded.data, note=recipe(variation))
