"""The tables of `bench/results.json` as Markdown: docs/benchmarks.md is what this prints.

python -m bench.markdown
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import orjson

from bench.figures import Spread
from bench.report import number_text, spread_text
from bench.results import RESULTS


def markdown(results: dict[str, Any]) -> str:
    """The page: of which machine, every table, then every claim."""
    lines = [
        *_conditions([each["conditions"] for each in results.values()]),
        *(line for each in results.values() for table in each["tables"] for line in _table(table)),
    ]
    claims = [claim for each in results.values() for claim in each["claims"]]
    return "\n".join([*lines, *_claims(claims)]) + "\n"


def _conditions(all_conditions: list[dict[str, Any]]) -> Iterator[str]:
    last = max(all_conditions, key=lambda conditions: conditions["started"])
    revisions = sorted({each["revision"].removesuffix("-dirty") for each in all_conditions})
    days = sorted({each["started"][:10] for each in all_conditions})
    versions = ", ".join(f"{name} {version}" for name, version in last["versions"].items())
    yield "# Benchmarks\n"
    yield (
        f"Written by `make docs` from `bench/results.json`: {last['cores']} cores, the servers on "
        f"the same machine, Python {last['python']}, {versions}; revisions {', '.join(revisions)} "
        f"of {', '.join(days)}. What the figures mean is in [performance.md](performance.md).\n"
    )
    yield "Medians, with the range of all rounds in brackets.\n"


def _table(table: dict[str, Any]) -> Iterator[str]:
    columns, rows = table["columns"], [_cells(row, table) for row in table["rows"]]
    # A column in which nothing stands would only make the others narrow.
    used = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    yield f"## {table['title']}\n"
    yield f"| | {' | '.join(columns[index] for index in used)} |"
    yield "|---" * (len(used) + 1) + "|"
    for row, cells in zip(table["rows"], rows, strict=True):
        yield f"| {row['label']} | {' | '.join(cells[index] for index in used)} |"
    yield f"\n{table['note']}\n" if table["note"] else ""


def _cells(row: dict[str, Any], table: dict[str, Any]) -> list[str]:
    """One text for each column; a row may end before the last ones."""
    texts = [_cell(cell) for cell in row["cells"]]
    return texts + [""] * (len(table["columns"]) - len(texts))


def _claims(claims: list[dict[str, Any]]) -> Iterator[str]:
    yield "## What must hold\n"
    yield "| must hold | measured | limit | |"
    yield "|---|---|---|---|"
    for claim in claims:
        limit = f"{'≥' if claim['at_least'] else '≤'} {number_text(claim['limit'])}"
        verdict = "holds" if claim["holds"] else "**does not hold**"
        yield f"| {claim['text']} | {_cell(claim['measured'])} | {limit} | {verdict} |"


def _cell(cell: dict[str, Any] | str | None) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else spread_text(Spread(**cell))


if __name__ == "__main__":
    sys.stdout.write(markdown(orjson.loads(RESULTS.read_bytes())))
