"""A Dockerfile as its stages and instructions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from tests.deploy.repository import text


@dataclass(frozen=True, slots=True)
class Instruction:
    keyword: str
    value: str

    @property
    def words(self) -> list[str]:
        return self.value.split()

    @property
    def exec_form(self) -> list[str]:
        """The words of a JSON array. Raises `ValueError` where it is a shell's line."""
        return list(json.loads(self.value.removeprefix("CMD ")))


@dataclass(frozen=True, slots=True)
class Stage:
    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, keyword: str) -> list[Instruction]:
        return [one for one in self.instructions if one.keyword == keyword]

    def the(self, keyword: str) -> Instruction:
        (only,) = self.all(keyword)
        return only


def read_dockerfile() -> list[Stage]:
    lines = [line for line in text("Dockerfile").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    stages: list[Stage] = []
    for line in filter(str.strip, joined.splitlines()):
        keyword, _, value = line.partition(" ")
        if keyword == "FROM":
            base, _, name = value.partition(" AS ")
            stages.append(Stage(base, name))
        else:
            stages[-1].instructions.append(Instruction(keyword, value.strip()))
    return stages
