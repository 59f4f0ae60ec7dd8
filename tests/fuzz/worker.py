"""The process that fuzzes one target under atheris: `python -m tests.fuzz.worker NAME OPTION …`.

A crash of native code ends it, so `python -m tests.fuzz` watches over it from outside.
"""

from __future__ import annotations

import random
import sys

import atheris

with atheris.instrument_imports(include=["colecionador", "connectors"]):
    from colecionador.imaging.codec import jpeg_unusual
    from tests.fuzz.png_checksums import with_checksums
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz the target that the first argument names; the rest are libFuzzer's own."""
    program, name, *options = sys.argv
    mutator = _mutate_file if name == "images" else None
    # It asks another process, a tenth of a second each time; here the decoder itself is tried.
    jpeg_unusual._complaint = lambda data: None
    atheris.Setup([program, *options], TARGETS[name], custom_mutator=mutator)
    atheris.Fuzz()


def _mutate_file(data: bytes, max_size: int, seed: int) -> bytes:
    mutated = atheris.Mutate(data, max_size)
    # Now and then the checksum stays wrong: that way through the code is fuzzed too.
    return with_checksums(mutated) if random.Random(seed).random() < 0.8 else mutated


if __name__ == "__main__":
    main()
