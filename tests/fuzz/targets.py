"""What is fuzzed, by name: a function each that takes any octets and raises where a promise breaks.

`corpus/NAME` has the files that a run begins with, and each input that once broke something.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.fuzz.images import check_image
from tests.fuzz.messages import check_message
from tests.fuzz.properties import check_properties

Target = Callable[[bytes], None]

CORPUS = Path(__file__).with_name("corpus")

TARGETS: dict[str, Target] = {
    "images": check_image,
    "messages": check_message,
    "properties": check_properties,
}
