"""Calling the command and reading what it says."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from colecionador.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    def lines_with(self, word: str) -> list[str]:
        """The lines of the result that hold a word."""
        return [line for line in self.out.splitlines() if word in line]


@dataclass(frozen=True, slots=True)
class Augment:
    """`augment`, in this process."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ran:
        """Run it to its end. An exception other than its exit is the test's failure."""
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        written = self.capsys.readouterr()
        return Ran(int(ended.value.code or 0), written.out, written.err)
