"""The corpus without a fuzzer: what a run begins with, and whatever once broke something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.png_checksums import with_checksums
from tests.fuzz.targets import CORPUS, TARGETS

FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
LARGEST_BYTES = 8192


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_input_of_the_corpus_breaks_nothing(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) <= LARGEST_BYTES
    TARGETS[path.parent.name](data)


def test_every_target_has_a_corpus() -> None:
    assert {path.parent.name for path in FILES} == set(TARGETS)


def test_a_changed_chunk_of_a_png_gets_its_checksum() -> None:
    whole = (CORPUS / "images" / "colour.png").read_bytes()
    changed = bytearray(whole)
    changed[29:33] = bytes(4)
    assert with_checksums(bytes(changed)) == whole
    assert with_checksums(b"no PNG") == b"no PNG"
