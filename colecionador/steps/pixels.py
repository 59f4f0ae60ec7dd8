"""A decoded photo's pixels, wherever they are: here, or in the child that a suspect is alone in."""

from __future__ import annotations

from typing import Protocol

from colecionador.domain.failures import Failure
from colecionador.domain.plan import Variation
from colecionador.imaging.codec import AnyImage
from colecionador.imaging.rendering import Rendered, render
from colecionador.steps.budget import Lease


class Pixels(Protocol):
    """The pixels, shared by the item's variations: they go with the last release."""

    def share(self, shares: int) -> None:
        """Keep the pixels for so many releases. Called before they are handed out."""
        ...

    def render(
        self, variation: Variation, *, item_id: int, plan_version: str, jpeg_quality: int
    ) -> Rendered | Failure:
        """Make one variation; blocks while the machine computes."""
        ...

    def release(self) -> None:
        """Give up one share."""
        ...


class LocalPixels:
    """Pixels in this process.

    They are let go of with the lease, although records that refer to them still wait for uploads.
    """

    __slots__ = ("_image", "_lease")

    def __init__(self, image: AnyImage, lease: Lease) -> None:
        self._image: AnyImage | None = image
        self._lease = lease

    def share(self, shares: int) -> None:
        """Keep the pixels for so many releases."""
        self._lease.share(shares)

    def render(
        self, variation: Variation, *, item_id: int, plan_version: str, jpeg_quality: int
    ) -> Rendered | Failure:
        """Make one variation on the calling thread."""
        if self._image is None:
            raise RuntimeError("the pixels were released by the last variation")
        return render(
            self._image,
            variation,
            item_id=item_id,
            plan_version=plan_version,
            jpeg_quality=jpeg_quality,
        )

    def release(self) -> None:
        """Give up one share."""
        if self._lease.release():
            self._image = None
