"""What a recorded stream is made of: one JSON object a line.

| line | means |
|---|---|
| `{"image": key, "kind": …}` | an image lies in the source bucket from the start |
| `{"deliver": {…}, "id": …, "at": s}` | a message with this JSON body, at a virtual second |
| `{"deliver_text": "…"}`, `{"deliver_hex": …}` | the same with any text, or any bytes |
| `{"fail": key, "error_type": …, "times": n}` | the object answers so many calls with an error |
| `{"appear": key, "after_retries": n}` | the object appears once so many retries were made |
| `{"abort_after": n}` | the run is aborted once it has settled so many |
| `{"end": true}` | the run ends when all is settled; the next begins |

`kind` is `photo` (sharp and colourful), `flat` (low quality), `png`, `truncated` or `text`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colecionador.domain.failures import ErrorType


@dataclass(frozen=True, slots=True)
class ImageLine:
    """An image in the source bucket."""

    key: str
    kind: str
    seed: int


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message that is published at a virtual second of its run."""

    body: bytes
    message_id: str | None
    at_seconds: float


@dataclass(frozen=True, slots=True)
class FaultLine:
    """An object that answers with an error for a while."""

    key: str
    error_type: ErrorType
    times: int | None


@dataclass(slots=True)
class Run:
    """One execution of the dataflow: what it is given, and how it ends."""

    messages: list[MessageLine] = field(default_factory=list)
    abort_after: int | None = None


@dataclass(slots=True)
class Recording:
    """A whole stream, over one run or several."""

    images: list[ImageLine] = field(default_factory=list)
    faults: list[FaultLine] = field(default_factory=list)
    appearing: dict[str, int] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=lambda: [Run()])


def read_recording(path: Path) -> Recording:
    """The stream of a JSONL file; empty lines and lines that begin with # are skipped."""
    recording = Recording()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            _add(recording, json.loads(line), f"{path.name}:{number}")
    return recording


def _add(recording: Recording, line: dict[str, Any], place: str) -> None:
    match line:
        case {"image": key, "kind": kind}:
            recording.images.append(ImageLine(key, kind, line.get("seed", 0)))
        case {"fail": key, "error_type": error_type}:
            fault = FaultLine(key, ErrorType(error_type), line.get("times"))
            recording.faults.append(fault)
        case {"appear": key, "after_retries": retries}:
            recording.appearing[key] = retries
        case {"abort_after": settled}:
            recording.runs[-1].abort_after = settled
            recording.runs.append(Run())
        case {"end": True}:
            recording.runs.append(Run())
        case _:
            message = MessageLine(_body(line, place), line.get("id"), line.get("at", 0.0))
            recording.runs[-1].messages.append(message)


def _body(line: dict[str, Any], place: str) -> bytes:
    match line:
        case {"deliver": body}:
            return json.dumps(body).encode()
        case {"deliver_text": text}:
            return str(text).encode()
        case {"deliver_hex": digits}:
            return bytes.fromhex(digits)
        case _:
            raise ValueError(f"{place}: no such line: {line}")
