"""What an operation is: a pure function of pixels, and the parameters that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from colecionador.domain.plan import Parameter
from colecionador.imaging.codec.image import Pixels
from colecionador.imaging.codec.planes import Planes

Parameters = Mapping[str, Parameter]
Apply = Callable[[Pixels, Parameters, Random], Pixels]
"""Makes a new image of an image. It never writes to its input, which other threads read."""
ApplyToPlanes = Callable[[Planes, Parameters, Random], Planes]
"""The same of a photo in planes."""
Size = Callable[[Parameters, int, int], tuple[int, int]]
"""The width and height that an operation makes of a width and height."""


@dataclass(frozen=True, slots=True)
class NumberParameter:
    """A number from `low` to `high`, both included."""

    name: str
    low: float
    high: float
    whole: bool = False
    odd: bool = False

    def problem(self, value: Parameter) -> str | None:
        """What is wrong with a value, or None."""
        right_type = type(value) is int or (type(value) is float and not self.whole)
        in_range = isinstance(value, int | float) and self.low <= value <= self.high
        if right_type and in_range and not (self.odd and value % 2 == 0):
            return None
        kind = "an odd integer" if self.odd else "an integer" if self.whole else "a number"
        return f"{self.name} = {shown(value)}: must be {kind} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class ChoiceParameter:
    """One of a few words."""

    name: str
    choices: tuple[str, ...]

    def problem(self, value: Parameter) -> str | None:
        """What is wrong with a value, or None."""
        if value in self.choices:
            return None
        choices = " or ".join(f'"{choice}"' for choice in self.choices)
        return f"{self.name} = {shown(value)}: must be {choices}"


def same_size(parameters: Parameters, width: int, height: int) -> tuple[int, int]:
    """The size of what keeps it."""
    return width, height


class NoDraws(Random):
    """For operations that say they take no random numbers."""

    def random(self) -> float:
        """Raise `RuntimeError`."""
        raise RuntimeError("an operation that takes random numbers has to say so: draws=True")


def drawn(random: Random, value: float, jitter: float) -> float:
    """A value drawn evenly from around another: within the fraction `jitter` of it."""
    return value * (1 + jitter * (2 * random.random() - 1))


@dataclass(frozen=True, slots=True)
class Operation:
    """A named way to make a variation."""

    name: str
    parameters: tuple[NumberParameter | ChoiceParameter, ...]
    apply: Apply
    size: Size = same_size
    apply_to_planes: ApplyToPlanes | None = None
    """None: a photo in planes is converted to BGR for it."""
    draws: bool = False
    """Whether it takes random numbers: to seed their generator takes longer than a small flip."""
    costly: bool = False
    """Whether it takes longer than encoding does: 40 ms of a core at 12 megapixels."""

    def problem(self, parameters: Parameters) -> str | None:
        """What is wrong with the parameters, or None."""
        known = {parameter.name: parameter for parameter in self.parameters}
        findings = [
            f"{name}: {self.name} has no such parameter; it has {', '.join(known)}"
            for name in parameters
            if name not in known
        ]
        for name, parameter in known.items():
            if name not in parameters:
                findings.append(f"{name}: missing; {self.name} needs it")
            elif (finding := parameter.problem(parameters[name])) is not None:
                findings.append(finding)
        return "; ".join(findings) or None


def shown(value: Parameter) -> str:
    """A value as a plan file writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
