"""What cannot be installed is said, with its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import SandboxError
from sandbox.install import ensure_monitoring


def test_where_there_is_no_apt_the_missing_programs_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "amtool").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"^not installed: prometheus: "):
        ensure_monitoring(print)


def test_what_is_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("promtool", "amtool"):
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    ensure_monitoring(said.append)
    assert said == []
