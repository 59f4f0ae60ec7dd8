"""The plan of a command: a wrong one ends it with every finding at once."""

from __future__ import annotations

from pathlib import Path

from colecionador.cli.errors import UsageError
from colecionador.domain.plan import Plan, PlanError, load_plan
from colecionador.imaging.variations import check_operation


def command_plan(path: Path | None) -> Plan:
    """The plan of a file, or the one shipped. Raises `UsageError` where it is wrong."""
    try:
        return load_plan(path, check_operation)
    except (PlanError, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the plan is wrong:\n{error}") from None
