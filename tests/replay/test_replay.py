"""Recorded streams through the whole dataflow, compared with golden files.

A new case is a new file in `streams/`; `--accept-golden` writes its golden file, which is then read
as carefully as a test would be.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from colecionador.domain.settings import Settings
from tests.replay.harness import replay
from tests.replay.outcomes import outcomes
from tests.replay.recording import read_recording

STREAMS = sorted((Path(__file__).parent / "streams").glob("*.jsonl"))

SETTINGS = Settings.model_validate({"cpu_threads": 2, "pixel_budget_bytes": 64 * 1024})
"""The budget is so small that photos have to wait for one another."""


@pytest.mark.parametrize("epoch_ms", [0, 10_000], ids=["epoch-each-batch", "one-epoch"])
@pytest.mark.parametrize("workers", [1, 3], ids=["one-worker", "three-workers"])
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.stem)
def test_a_recorded_stream_has_its_recorded_outcome(
    stream: Path, workers: int, epoch_ms: int, accept_golden: bool
) -> None:
    world = replay(read_recording(stream), SETTINGS, workers=workers, epoch_ms=epoch_ms)
    golden = stream.with_suffix(".golden")
    if accept_golden:
        golden.write_text(outcomes(world), encoding="utf-8")
    assert outcomes(world) == golden.read_text(encoding="utf-8")
    assert world.broker.empty
