"""Hostile files through the whole dataflow: each ends as it must, in bounded memory, with 0."""

from __future__ import annotations

from pathlib import Path

from colecionador.domain.failures import ErrorType
from tests.fix_flow import Flow, Flows
from tests.fix_hostile_images import hostile_files
from tests.fix_images import jpeg_file, photograph_pixels, png_file
from tests.fix_messages import message
from tests.fix_service import Service, wait_until
from tests.invariants import check_invariants

MEBIBYTE = 1024 * 1024
BUDGET_BYTES = 16 * MEBIBYTE
THREADS = 2
SOURCE_LIMIT_BYTES = 16 * MEBIBYTE
BOUND_BYTES = 4 * BUDGET_BYTES
"""By docs/imaging.md, under Memory: the budget, the sources in flight, and for each thread three
and a half times a photo's pixels. These photos are small; what must never be read or unpacked has
95 MiB and more."""

CORRUPT = frozenset({ErrorType.CORRUPT_IMAGE, ErrorType.INVALID_FORMAT})
Expected = frozenset[ErrorType | None]


def hostile_sources() -> dict[str, tuple[bytes, Expected]]:
    """Every hostile file, and those that are damaged in many places; None stands for success."""
    sources = {name: (data, frozenset({end})) for name, (data, end) in hostile_files().items()}
    photo = photograph_pixels("coffee.png", 97, 61)
    jpeg, png = jpeg_file(photo), png_file(photo)
    whole: Expected = frozenset({None})
    for part in range(1, 10):
        for name, data in (("jpg", jpeg), ("png", png)):
            cut = data[: len(data) * part // 10]
            sources[f"cut at {part}0 %.{name}"] = (cut, frozenset({ErrorType.CORRUPT_IMAGE}))
        flipped = bytearray(jpeg)
        flipped[len(jpeg) * part // 10] ^= 1 << (part % 8)
        # A bit in a JPEG's scan may mean another picture: only a checksum would tell.
        sources[f"flipped at {part}0 %.jpg"] = (bytes(flipped), CORRUPT | whole)
    zeros = bytes(100 * MEBIBYTE)
    sources["100 MB of zeros.jpg"] = (zeros, frozenset({ErrorType.SOURCE_TOO_LARGE}))
    return sources


def test_every_hostile_file_ends_as_it_must_in_bounded_memory(
    service: Service, flows: Flows
) -> None:
    sources = hostile_sources()
    flow = flows.start(
        service,
        pixel_budget_bytes=BUDGET_BYTES,
        cpu_threads=THREADS,
        max_source_bytes=SOURCE_LIMIT_BYTES,
        log_level="DEBUG",
    )
    _warm_up(service, flow)
    before = _peak_bytes(flow)
    sent = [message(item_id) for item_id in range(1, len(sources) + 1)]
    for item_id, (data, _) in enumerate(sources.values(), 1):
        service.put(item_id, data)
    service.send(sent)
    wait_until(lambda: _settled(flow) > len(sources), f"not all are settled:\n{flow.tail()}")
    assert _peak_bytes(flow) - before < BOUND_BYTES
    flow.stop()
    books = check_invariants(service, sent)
    letters = {letter.fields["itemId"]: letter for letter in books.dead_letters}
    for item_id, (name, (_, expected)) in enumerate(sources.items(), 1):
        letter = letters.get(item_id)
        found = None if letter is None else ErrorType(letter.headers["x-error-type"])
        assert found in expected, (name, found)
        if letter is not None:
            assert letter.headers["x-attempt"] == 1, name
    assert {row["status"] for row in books.results} == {"stored"}


def _warm_up(service: Service, flow: Flow) -> None:
    """One good photo, so that all libraries are loaded when the memory is looked at."""
    service.put(1000)
    service.send([message(1000)])
    flow.wait_for("Item processed")


def _settled(flow: Flow) -> int:
    return len(flow.found("Item processed")) + len(flow.found("Item dead-lettered"))


def _peak_bytes(flow: Flow) -> int:
    """The most memory that the process ever had."""
    for line in Path(f"/proc/{flow.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return 1024 * int(line.split()[1])
    raise AssertionError("no VmHWM")
