"""The plan: which variations an item gets, as data.

A plan is a TOML file: the base variations that every item gets, and for each categoria those that
a good photo gets besides, with limits of its own for what good is where it needs them. What
operations there are, and which parameters they take, is the imaging's business: it hands
`load_plan` a check for them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from colecionador.domain.thresholds import Thresholds, threshold_problem

BASE_VARIATIONS = (
    "rotate_90",
    "rotate_180",
    "rotate_270",
    "flip_horizontal",
    "flip_vertical",
    "brightness",
    "contrast",
    "blur",
    "clahe",
)
"""The nine that every item gets, whatever its categoria and its quality."""

QUALITY = "quality"
"""The table of a categoria that has its limits; no variation can have this name."""

Parameter = int | float | str | bool
Limits = tuple[tuple[str, float], ...]
"""Limits of quality by name, sorted."""
OperationCheck = Callable[[str, Mapping[str, Parameter]], str | None]
"""Says what is wrong with an operation and its parameters, or None."""


class PlanError(Exception):
    """A plan file is wrong; the message names the key and the remedy, a line for each finding."""


@dataclass(frozen=True, slots=True)
class Variation:
    """One variation: its name, the operation that makes it, and that operation's parameters."""

    name: str
    operation: str
    parameters: tuple[tuple[str, Parameter], ...]
    """Sorted by name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The variations of every categoria."""

    base: tuple[Variation, ...]
    by_categoria: tuple[tuple[str, tuple[Variation, ...]], ...]
    quality: tuple[tuple[str, Limits], ...] = ()
    """The limits that a categoria has of its own."""

    @property
    def categorias(self) -> tuple[str, ...]:
        """The categorias that the plan names."""
        return tuple(name for name, _ in self.by_categoria)

    def variations(self, categoria: str, *, bad_quality: bool) -> tuple[Variation, ...]:
        """What an item gets: the base, and where its quality is good its categoria's own."""
        if bad_quality:
            return self.base
        return self.base + dict(self.by_categoria).get(categoria, ())

    def thresholds(self, categoria: str, settings: Thresholds) -> Thresholds:
        """The limits of good quality for a categoria: those of the settings but for its own."""
        return settings.changed(dict(dict(self.quality).get(categoria, ())))

    def canonical(self) -> bytes:
        """The parsed plan as bytes, comments apart: a part of the plan version."""
        return orjson.dumps(
            {
                "base": [_plain(variation) for variation in self.base],
                "categorias": {
                    name: [_plain(variation) for variation in variations]
                    for name, variations in self.by_categoria
                },
                "quality": {name: dict(limits) for name, limits in self.quality},
            },
            option=orjson.OPT_SORT_KEYS,
        )


def load_plan(path: Path | None, check: OperationCheck) -> Plan:
    """The plan of a file, or the one shipped. Raises `PlanError` with every finding at once."""
    shown = str(path) if path else "augmentations.toml"
    text = (
        path.read_text(encoding="utf-8")
        if path
        else (files("colecionador.domain") / "augmentations.toml").read_text(encoding="utf-8")
    )
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{shown}: not TOML: {error}") from None
    findings: list[str] = []
    plan = _plan(document, check, findings)
    if findings:
        raise PlanError("\n".join(f"{shown}: {finding}" for finding in findings))
    return plan


def _plan(document: Mapping[str, Any], check: OperationCheck, findings: list[str]) -> Plan:
    base = _variations(document.get("base", {}), "base", check, findings)
    if {variation.name for variation in base} != set(BASE_VARIATIONS):
        findings.append(f"base: must have exactly {', '.join(BASE_VARIATIONS)}")
    by_categoria, quality = [], []
    for name, table in document.get("categoria", {}).items():
        place = f"categoria.{name}"
        entries = dict(table) if isinstance(table, dict) else table
        if isinstance(entries, dict) and QUALITY in entries:
            quality.append((name, _limits(entries.pop(QUALITY), f"{place}.{QUALITY}", findings)))
        variations = _variations(entries, place, check, findings)
        clashes = {variation.name for variation in variations} & set(BASE_VARIATIONS)
        findings += [
            f"{place}.{clash}: is a base variation; choose another name"
            for clash in sorted(clashes)
        ]
        by_categoria.append((name, variations))
    findings += [
        f"{key}: unknown; a plan has base and categoria"
        for key in document
        if key not in ("base", "categoria")
    ]
    return Plan(base, tuple(by_categoria), tuple(quality))


def _limits(table: Any, place: str, findings: list[str]) -> Limits:
    if not isinstance(table, dict) or "operation" in table:
        findings.append(f"{place}: has the limits of quality, e.g. blur_min = 20; no variation")
        return ()
    problems = [threshold_problem(name, value) for name, value in table.items()]
    findings += [f"{place}.{problem}" for problem in problems if problem is not None]
    return tuple(sorted((name, value) for name, value in table.items()))


def _variations(
    table: Any, place: str, check: OperationCheck, findings: list[str]
) -> tuple[Variation, ...]:
    if not isinstance(table, dict):
        findings.append(f"{place}: must be a table of variations")
        return ()
    found = []
    for name, entry in table.items():
        variation = _variation(name, entry, f"{place}.{name}", check, findings)
        if variation is not None:
            found.append(variation)
    return tuple(found)


def _variation(
    name: str, entry: Any, place: str, check: OperationCheck, findings: list[str]
) -> Variation | None:
    if not name.replace("_", "").isalnum() or not name.isascii() or name != name.lower():
        findings.append(f"{place}: a variation's name is made of a-z, 0-9 and _")
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("operation"), str):
        findings.append(f'{place}: needs an operation, e.g. operation = "rotate"')
        return None
    parameters = {key: value for key, value in entry.items() if key != "operation"}
    for key, value in parameters.items():
        if not isinstance(value, Parameter):
            findings.append(f"{place}.{key}: must be a number, a string or a boolean")
            return None
    problem = check(entry["operation"], parameters)
    if problem is not None:
        findings.append(f"{place}: {problem}")
        return None
    return Variation(name, entry["operation"], tuple(sorted(parameters.items())))


def _plain(variation: Variation) -> dict[str, Any]:
    return {
        "name": variation.name,
        "operation": variation.operation,
        "parameters": dict(variation.parameters),
    }
