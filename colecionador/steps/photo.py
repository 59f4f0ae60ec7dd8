"""A photo between its steps: what is known of it, and its pixels for as long as they are needed."""

from __future__ import annotations

from colecionador.domain.failures import Failure
from colecionador.domain.messages import Item
from colecionador.domain.plan import Variation
from colecionador.domain.records import record
from colecionador.domain.results import Quality, Source, VariationResult
from colecionador.imaging.codec import ImageFormat
from colecionador.steps.pixels import Pixels


@record
class Facts:
    """What is known of a fetched photo, without its pixels."""

    item: Item
    job_id: int
    worker: str
    source: Source
    format: ImageFormat
    quality: Quality
    started_at: float
    """Of `time.perf_counter`, in this process."""
    download_ms: float
    decode_ms: float


@record
class Photo:
    """An item whose source is downloaded, decoded and judged."""

    facts: Facts
    pixels: Pixels


@record
class Rendering:
    """One variation of a photo, to be made."""

    facts: Facts
    pixels: Pixels
    variation: Variation
    position: int
    """Among those of the photo, as the plan has them."""
    count: int
    """How many of the photo there are."""


@record
class Rendered:
    """What became of one variation; a failure where the whole item has to be tried again."""

    facts: Facts
    position: int
    count: int
    result: VariationResult | Failure
