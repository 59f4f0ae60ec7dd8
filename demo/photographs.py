"""Twelve real photographs over the four categories, from the wheel of scikit-image.

Where it has no photograph of a categoria, one that comes close stands in: a moon and a clock are
as round as coins.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PHOTOGRAPHS = {
    "carros": ("motorcycle_left.png", "motorcycle_right.png", "rocket.jpg"),
    "moedas": ("coins.png", "moon.png", "clock_motion.png"),
    "animais": ("chelsea.png", "retina.jpg"),
    "arte": ("astronaut.png", "coffee.png", "hubble_deep_field.jpg", "camera.png"),
}


def photographs() -> dict[str, list[Path]]:
    """The files of each categoria. Raises `FileNotFoundError` where the wheel lacks one."""
    # Looked up, not imported: importing it takes longer than the demonstration's own work.
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise FileNotFoundError("scikit-image is not installed; run: make setup")
    folder = Path(package.origin).parent / "data"
    found = {
        categoria: [folder / name for name in names] for categoria, names in PHOTOGRAPHS.items()
    }
    missing = [path.name for paths in found.values() for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"scikit-image has no {', '.join(missing)}; run: make setup")
    return found
