"""The plan: which variations each categoria gets, and under which version."""

from __future__ import annotations

from collections.abc import Sequence

from colecionador.cli.checks.section import Finding, Section, note, right, wrong
from colecionador.domain.plan import PlanError, Variation, load_plan
from colecionador.domain.settings import Settings
from colecionador.imaging.codec import turbojpeg
from colecionador.imaging.variations import check_operation
from colecionador.imaging.version import plan_version


def check_plan(settings: Settings) -> Section:
    """Every finding of the plan file, or what the plan holds."""
    where = str(settings.plan) if settings.plan else "the one shipped"
    try:
        plan = load_plan(settings.plan, check_operation)
    except (PlanError, OSError, UnicodeDecodeError) as error:
        return Section(
            f"Plan: {where}", tuple(wrong("plan", line) for line in str(error).splitlines())
        )
    found: list[Finding] = [_path(), right("every item", _names(plan.base))]
    found += [right(name, f"besides {_names(own)}") for name, own in plan.by_categoria if own]
    return Section(f"Plan: {where}, version {plan_version(plan, settings)[:12]}…", tuple(found))


def _path() -> Finding:
    """Which way JPEGs go: it decides the bytes, and so it is a part of the plan's version."""
    problem = turbojpeg.problem()
    if problem is None:
        return right("JPEGs", f"in planes, by {turbojpeg.LIBRARY}")
    return note("JPEGs", f"in BGR, at half as much again of the processor: {problem}")


def _names(variations: Sequence[Variation]) -> str:
    return f"{len(variations)}: {', '.join(variation.name for variation in variations)}"
