"""A photo's rendering alone: from its bytes to nine checked files, on the service's own threads.

    python -m bench.rendering_alone THREADS FILE…     prints milliseconds of each image, as JSON

There is no server: with the object store on the same two cores, its work for nine uploads takes
the second core whenever the photo does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import cv2

from colecionador.domain.failures import Failure
from colecionador.domain.plan import Variation, load_plan
from colecionador.domain.settings import Settings
from colecionador.imaging.allocator import keep_freed_memory
from colecionador.imaging.codec import AnyImage
from colecionador.imaging.intake import accept, decode_and_judge
from colecionador.imaging.quality import thresholds
from colecionador.imaging.rendering import Rendered, render
from colecionador.imaging.variations import check_operation, is_costly
from colecionador.steps.pools import Pool
from colecionador.steps.tasks import Step, run


def rendering_ms(paths: Sequence[Path], threads: int) -> list[float]:
    """How long each image takes on so many compute threads, in a fresh process."""
    command = (sys.executable, "-m", "bench.rendering_alone", str(threads), *map(str, paths))
    done = subprocess.run(command, check=True, capture_output=True)
    result: list[float] = json.loads(done.stdout)
    return result


class _Photo:
    """One photo on its way; `done` is set when its last variation has passed its check."""

    def __init__(self, pool: Pool, settings: Settings, variations: Sequence[Variation]) -> None:
        self._pool = pool
        self._settings = settings
        self._variations = variations
        self._left = len(variations)
        self._lock = threading.Lock()
        self.done = threading.Event()

    async def decode(self, data: bytes) -> AnyImage:
        header = accept(data, self._settings.max_pixels)
        assert not isinstance(header, Failure), header
        limits = thresholds(self._settings)
        decoded = await self._pool.call(decode_and_judge, data, header, limits)
        assert not isinstance(decoded, Failure), decoded
        return decoded[0]

    def decoded(self, image: AnyImage) -> None:
        for variation in self._variations:
            run(self._render(image, variation))

    async def _render(self, image: AnyImage, variation: Variation) -> None:
        made = await self._pool.call(self._made, image, variation)
        assert isinstance(made, Rendered), made
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.done.set()

    def _made(self, image: AnyImage, variation: Variation) -> Rendered | Failure:
        quality = self._settings.jpeg_quality
        return render(image, variation, item_id=1, plan_version="", jpeg_quality=quality)


def main(threads: int, names: Sequence[str]) -> None:
    """Render these files one after the other, the first of them once more before."""
    cv2.setNumThreads(1)
    keep_freed_memory()
    settings, pool = Settings(), Pool("compute", threads)
    variations = sorted(load_plan(None, check_operation).base, key=is_costly, reverse=True)
    spent = []
    for name in (names[0], *names):
        data = Path(name).read_bytes()
        photo = _Photo(pool, settings, variations)
        started = time.perf_counter()
        step: Step[AnyImage] = photo.decode(data)
        run(step, photo.decoded)
        photo.done.wait()
        spent.append(1000 * (time.perf_counter() - started))
    sys.stdout.write(json.dumps(spent[1:]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
