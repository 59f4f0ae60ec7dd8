"""The tables of `bench/results.json` as Markdown, for docs/performance.md.

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
    """Every table, then every claim."""
    lines = [
        line for each in results.values() for table in each["tables"] for line in _table(table)
    ]
    claims = [claim for each in results.values() for claim in each["claims"]]
    return "\n".join([*lines, *_claims(claims)]) + "\n"


def _table(table: dict[str, Any]) -> Iterator[str]:
    # A column in which nothing stands would only make the others narrow.
    used = [
        index
        for index in range(len(table["columns"]))
        if any(row["cells"][index] is not None for row in table["rows"])
    ]
    yield f"**{table['title']}**\n"
    yield f"| | {' | '.join(table['columns'][index] for index in used)} |"
    yield "|---" * (len(used) + 1) + "|"
    for row in table["rows"]:
        yield f"| {row['label']} | {' | '.join(_cell(row['cells'][index]) for index in used)} |"
    yield f"\n{table['note']}\n"


def _claims(claims: list[dict[str, Any]]) -> Iterator[str]:
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
