"""The plan version: one name for everything that decides which bytes an item turns into."""

from __future__ import annotations

import dataclasses
import hashlib

import cv2
import numpy as np
import orjson
import simplejpeg

from colecionador.domain.plan import Plan
from colecionador.domain.settings import Settings
from colecionador.imaging.codec import turbojpeg
from colecionador.imaging.quality import DEFINITION, thresholds

RENDERING_REVISION = 4
"""Count up whenever the code makes other bytes or decisions of the same input; the golden test
fails when they change."""


def rendering_path() -> str:
    """How JPEG photos are held between decoding and encoding on this machine: planar, or bgr.

    Other bytes come of either, so machines that share a plan version must go the same way.
    """
    return "planar" if turbojpeg.problem() is None else "bgr"


def plan_version(plan: Plan, settings: Settings) -> str:
    """Hex SHA-256 of the parsed plan, the settings of encoding and quality, and the codecs."""
    parts = {
        "plan": plan.canonical().decode(),
        "jpegQuality": settings.jpeg_quality,
        "thresholds": dataclasses.asdict(thresholds(settings)),
        "quality": DEFINITION,
        "path": rendering_path(),
        "revision": RENDERING_REVISION,
        "opencv": cv2.__version__,
        "simplejpeg": simplejpeg.__version__,
        "numpy": np.__version__,
    }
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
