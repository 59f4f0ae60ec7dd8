"""Decoding a downloaded source: here, or alone in a child where its delivery is a suspect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from colecionador.domain.failures import Failure
from colecionador.domain.records import record
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.intake import Judgement, accept, decode_and_judge
from colecionador.steps.budget import PixelBudget
from colecionador.steps.pixels import LocalPixels, Pixels
from colecionador.steps.pools import Pool


@record
class Decoded:
    """A decoded source: what is known of it, and its pixels."""

    judgement: Judgement
    pixels: Pixels


class Decoder(Protocol):
    """Decodes one source. Nothing of it is held any more after a failure."""

    async def decode(self, data: bytes, thresholds: Thresholds) -> Decoded | Failure:
        """The decoded source, judged by these limits, once the pixel budget allows it."""
        ...

    def abandon(self) -> None:
        """Let go of what was prepared for a source that never came."""
        ...


@dataclass(frozen=True, slots=True)
class LocalDecoder:
    """Decodes in this process, on the compute pool."""

    compute: Pool
    budget: PixelBudget
    max_pixels: int

    async def decode(self, data: bytes, thresholds: Thresholds) -> Decoded | Failure:
        """The decoded source, judged by these limits, once the pixel budget allows it."""
        header = accept(data, self.max_pixels)
        if isinstance(header, Failure):
            return header
        lease = await self.budget.take(header.decoded_bytes)
        try:
            decoded = await self.compute.call(decode_and_judge, data, header, thresholds)
        except Exception:
            lease.release()
            raise
        if isinstance(decoded, Failure):
            lease.release()
            return decoded
        image, judgement = decoded
        return Decoded(judgement, LocalPixels(image, lease))

    def abandon(self) -> None:
        """Nothing was prepared."""
