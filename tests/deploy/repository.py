"""The repository's files, as the tests of this folder read them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from colecionador.domain.secret_files import SECRET_SETTINGS
from colecionador.domain.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
    *(
        "docs/architecture.md",
        "docs/imaging.md",
        "docs/operations.md",
        "docs/metrics.md",
        "docs/faults.md",
        "docs/performance.md",
        "docs/replay.md",
        "docs/runbook.md",
    ),
)

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def fences(document: str, language: str) -> list[str]:
    """The fenced blocks of a Markdown document in one language, without their fences."""
    return [block for name, block in _FENCE.findall(text(document)) if name == language]


def inline_code(document: str) -> list[str]:
    """What stands between single backticks, outside of fenced blocks."""
    return re.findall(r"`([^`]+)`", _FENCE.sub("", text(document)))


def project() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))["project"]  # type: ignore[no-any-return]


def compose() -> dict[str, Any]:
    return yaml.safe_load(text("docker-compose.yml"))  # type: ignore[no-any-return]


def setting_names() -> set[str]:
    """Every variable that may be set, those that name a secret's file included."""
    files = (f"{name}_file" for name in SECRET_SETTINGS)
    return {f"{PREFIX}{name}".upper() for name in (*Settings.model_fields, *files)}


def settings_in(source: str) -> set[str]:
    return set(re.findall(rf"\b{PREFIX}[A-Z0-9_]*[A-Z0-9]\b", source))
