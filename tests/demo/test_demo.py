"""The demonstration does the main job, and its exit code tells the truth."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.photographs import photographs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(service_environment: dict[str, str]) -> dict[str, str]:
    """The environment of a demonstration that runs outside of the sources."""
    return os.environ | service_environment | {"PYTHONPATH": str(ROOT)}


def run(environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo"]
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_there_are_at_least_eight_photographs_over_four_categories() -> None:
    found = photographs()
    assert set(found) == {"carros", "moedas", "animais", "arte"}
    assert all(found.values())
    assert sum(map(len, found.values())) >= 8


def test_every_photograph_becomes_stored_variations_that_are_what_the_rows_say(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(environment, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    output = tmp_path / "demo-output"
    with (output / "augmentation_jobs.csv").open(newline="") as rows:
        jobs = list(csv.DictReader(rows))
    with (output / "augmentation_results.csv").open(newline="") as rows:
        results = list(csv.DictReader(rows))
    items = sum(map(len, photographs().values()))
    assert [job["status"] for job in jobs] == ["success"] * items
    assert len(results) >= 9 * items
    own = {"rotate_45", "zoom_in", "tilt_left", "elastic_1"}
    assert own <= {result["variation"] for result in results}
    for result in results:
        data = (output / result["bucket"] / result["object_key"]).read_bytes()
        assert hashlib.md5(data).hexdigest() == result["md5"]
    queue = environment["AUGMENT_COMPLETED_QUEUE"]
    completions = (output / f"{queue}.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["itemId"] for line in completions) == [*range(1, items + 1)]
    assert f"augmenting: {items} of {items} items done" in done.stdout
    assert f"{items} of {items} items success" in done.stdout
    assert "demo-output/sheet.html" in done.stdout.splitlines()
    sheet = (output / "sheet.html").read_text(encoding="utf-8")
    assert sum(result["md5"] in sheet for result in results) >= 9


def test_an_item_that_fails_fails_the_demonstration(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(environment | {"AUGMENT_MAX_SOURCE_BYTES": "500000"}, tmp_path)
    assert done.returncode == 1
    assert "failed (source_too_large)" in done.stdout
    assert "items success" in done.stdout


def test_a_dataflow_that_cannot_start_is_told_with_what_it_said(
    environment: dict[str, str], tmp_path: Path
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("[other]\n")
    done = run(environment | {"AUGMENT_PLAN": str(plan)}, tmp_path)
    assert done.returncode == 1
    assert "the dataflow ended with exit code 2" in done.stdout
    assert "other: unknown" in done.stdout


def test_without_servers_it_says_how_to_get_some(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUGMENT_")}
    done = run(kept | {"PYTHONPATH": str(ROOT)}, tmp_path)
    assert (done.returncode, "make demo" in done.stdout) == (2, True)
    assert list(tmp_path.iterdir()) == []
