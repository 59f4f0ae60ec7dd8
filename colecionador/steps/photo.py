"""A photo between its steps: what is known of it, and its pixels for as long as they are needed."""

from __future__ import annotations

from dataclasses import dataclass

from colecionador.domain.failures import Failure
from colecionador.domain.messages import Item
from colecionador.domain.plan import Variation
from colecionador.domain.results import Quality, Source, VariationResult
from colecionador.imaging.codec import Image, ImageFormat
from colecionador.steps.budget import Lease


@dataclass(frozen=True, slots=True)
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


class Pixels:
    """A decoded image and its lease, shared by the item's variations.

    Both go with the last release, although records that refer to them still wait for an upload.
    """

    __slots__ = ("_image", "_lease")

    def __init__(self, image: Image, lease: Lease) -> None:
        self._image: Image | None = image
        self._lease = lease

    @property
    def image(self) -> Image:
        """The decoded image; not to be asked for after the last release."""
        if self._image is None:
            raise RuntimeError("the pixels were released by the last variation")
        return self._image

    def share(self, shares: int) -> None:
        """Keep the pixels for so many releases. Called before they are handed out."""
        self._lease.share(shares)

    def release(self) -> None:
        """Give up one share."""
        if self._lease.release():
            self._image = None


@dataclass(frozen=True, slots=True)
class Photo:
    """An item whose source is downloaded, decoded and judged."""

    facts: Facts
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Rendering:
    """One variation of a photo, to be made; `count` is how many of the photo there are."""

    facts: Facts
    pixels: Pixels
    variation: Variation
    count: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of one variation; a failure where the whole item has to be tried again."""

    facts: Facts
    name: str
    count: int
    result: VariationResult | Failure
