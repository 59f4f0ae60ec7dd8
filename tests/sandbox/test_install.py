"""What cannot be installed is said, with its name."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from sandbox import SandboxError, install
from sandbox.install import ensure_monitoring, ensure_turbojpeg


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


def test_a_codec_that_cannot_be_installed_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "_TURBOJPEG_LIBRARY", "libturbojpeg-that-is-nowhere.so.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    ensure_turbojpeg(said.append)
    assert "half as much again" in said[0]
    assert "not installed: libturbojpeg0" in said[0]


@pytest.mark.parametrize(
    ("release", "package"),
    [
        ({"ID": "debian"}, "libturbojpeg0"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "libturbojpeg"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "libturbojpeg"),
    ],
)
def test_the_codec_is_asked_for_by_the_name_that_the_distribution_has_for_it(
    release: dict[str, str], package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "_TURBOJPEG_LIBRARY", "libturbojpeg-that-is-nowhere.so.0")
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    ensure_turbojpeg(said.append)
    assert f"not installed: {package}:" in said[0]


def test_a_codec_that_is_there_is_left_alone() -> None:
    ensure_turbojpeg(print)
    said: list[str] = []
    ensure_turbojpeg(said.append)
    assert said == []
