"""Puts the topology, as Bytewax prints it, into the README: `make docs`.

`python -m bytewax.visualize flows.augment -o mermaid` prints the same.
"""

from __future__ import annotations

from pathlib import Path

from bytewax.visualize import to_mermaid

from flows.augment import flow

README = Path(__file__).parents[1] / "README.md"
BEGINNING, END = '```mermaid\nflowchart TD\nsubgraph "', "\n```\n"


def main() -> None:
    """Replace the printed picture; the short one above it is drawn by hand."""
    before, beginning, rest = README.read_text(encoding="utf-8").partition(BEGINNING)
    _, end, after = rest.partition(END)
    if not (beginning and end):
        raise SystemExit(f"{README.name} has no block that begins with {BEGINNING!r}")
    picture = f"```mermaid\n{to_mermaid(flow())}"
    README.write_text(f"{before}{picture}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
