"""What the service asks a rendering child, and what it answers. All of it is pickled."""

from __future__ import annotations

from dataclasses import dataclass

from colecionador.domain.failures import Failure
from colecionador.domain.plan import Variation
from colecionador.domain.thresholds import Thresholds
from colecionador.imaging.codec import Header
from colecionador.imaging.intake import Judgement
from colecionador.imaging.rendering import Rendered


@dataclass(frozen=True, slots=True)
class Inspect:
    """Read a file's header; answered with it, or with why the file is not accepted."""

    data: bytes
    max_pixels: int


@dataclass(frozen=True, slots=True)
class Decode:
    """Decode and judge the file inspected last; answered with a `Judgement`, or a failure."""

    thresholds: Thresholds
    memory_bytes: int
    """How much more memory than now the child may take until it forgets the photo."""


@dataclass(frozen=True, slots=True)
class Render:
    """Make one variation of the decoded photo; answered with `Rendered`, or a failure."""

    variation: Variation
    item_id: int
    plan_version: str
    jpeg_quality: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Let go of the photo; answered with None."""


Request = Inspect | Decode | Render | Forget
Answer = Header | Judgement | Rendered | Failure | None
