"""`augment doctor`: every setting and connection, and in words what is wrong with them."""

from __future__ import annotations

from typing import Annotated

import typer

from colecionador.cli.checks.broker import check_broker
from colecionador.cli.checks.database import check_database
from colecionador.cli.checks.memory import check_memory
from colecionador.cli.checks.plan import check_plan
from colecionador.cli.checks.section import Section, Verdict
from colecionador.cli.checks.settings import check_settings
from colecionador.cli.checks.store import check_store
from colecionador.cli.console import OUT
from colecionador.cli.errors import CommandError
from colecionador.cli.settings import command_settings

OFFLINE = (check_settings, check_memory, check_plan)
ONLINE = (check_broker, check_store, check_database)
"""In the order of their sections; a new check is a file and an entry here."""

_STYLES = {Verdict.RIGHT: "green", Verdict.WRONG: "bold red", Verdict.NOTE: "dim"}


def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Settings, memory and plan alone; no server.")
    ] = False,
) -> None:
    """Check every setting and connection, and say in words what is wrong and what to do.

    Changes nothing but one small object, written to the training bucket and deleted again. The
    exit code is 1 where something is wrong.
    """
    settings = command_settings()
    wrong = 0
    for check in OFFLINE if offline else (*OFFLINE, *ONLINE):
        section = check(settings)
        _print(section)
        wrong += section.wrong
    if wrong:
        raise CommandError(
            f"{wrong} finding{'s' if wrong > 1 else ''}, marked {Verdict.WRONG.value}"
        )
    OUT.print("All is well.", style="green")


def _print(section: Section) -> None:
    OUT.print(section.title, style="bold")
    width = max((len(finding.subject) for finding in section.findings), default=0)
    for finding in section.findings:
        OUT.print(f"  {finding.verdict.value} ", style=_STYLES[finding.verdict], end="")
        OUT.print(f"{finding.subject:<{width}}  {finding.seen}")
    OUT.print()
