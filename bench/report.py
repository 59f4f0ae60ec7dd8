"""The tables of a benchmark on a terminal, and whether what must hold does."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as RichTable

from bench.figures import Claim, Outcome, Spread, Table

WIDTH = 200
"""Of the output where it is no terminal: a table is of no use in pieces."""

CONSOLE = Console(width=None if Console().is_terminal else WIDTH, highlight=False)


def print_outcome(outcome: Outcome) -> None:
    """Print every table, then the claims."""
    for table in outcome.tables:
        _print_table(table)
    if outcome.claims:
        _print_claims(outcome.claims)


def spread_text(value: Spread) -> str:
    """A median, and the range of what it is the median of."""
    middle = number_text(value.median)
    if value.count == 1:
        return middle
    return f"{middle} ({number_text(value.low)}–{number_text(value.high)})"


def number_text(value: float) -> str:
    """A number to three digits, and never with an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _print_table(table: Table) -> None:
    made = RichTable(title=table.title, title_justify="left", title_style="bold")
    made.add_column("")
    for column in table.columns:
        made.add_column(column, justify="right")
    for row in table.rows:
        made.add_row(row.label, *(_cell(cell) for cell in row.cells))
    CONSOLE.print(made)
    if table.note:
        CONSOLE.print(table.note, style="dim")


def _cell(cell: Spread | str | None) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else spread_text(cell)


def _print_claims(claims: tuple[Claim, ...]) -> None:
    made = RichTable(title="must hold", title_justify="left", title_style="bold")
    for column in ("", "measured", "limit", ""):
        made.add_column(column)
    for claim in claims:
        limit = f"{'≥' if claim.at_least else '≤'} {number_text(claim.limit)}"
        verdict = "[green]holds[/]" if claim.holds else "[red]does not hold[/]"
        made.add_row(claim.text, spread_text(claim.measured), limit, verdict)
    CONSOLE.print(made)
