"""Images on disk on their way in: which files, and which item, object and message each becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

import orjson

from colecionador.cli.errors import UsageError

SUFFIXES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
"""What is taken from a folder, with its content type. A file named itself is always taken."""

_MESSAGE_NAMESPACE = UUID("2f1c4c56-4c39-4d1f-8d0a-8f0b5a9f6f1e")


@dataclass(frozen=True, slots=True)
class Photograph:
    """One image and the item that it is submitted as."""

    path: Path
    item_id: int
    md5: str

    @property
    def object_key(self) -> str:
        """Its key in the source bucket: other content is another object."""
        return f"originals/{self.item_id}/{self.md5[:12]}{self.path.suffix.lower()}"

    @property
    def content_type(self) -> str:
        """By its suffix."""
        return SUFFIXES.get(self.path.suffix.lower(), "application/octet-stream")

    def body(self, categoria: str, bucket: str) -> bytes:
        """Its message's body."""
        return orjson.dumps(
            {
                "itemId": self.item_id,
                "categoria": categoria,
                "bucket": bucket,
                "objectKey": self.object_key,
            }
        )


def find_images(paths: Sequence[Path]) -> list[Path]:
    """The files that `paths` name, and the images in the folders among them, sorted by name.

    Raises `UsageError` for a path that is not there, and where nothing is found.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise UsageError(f"not there: {', '.join(missing)}; name images or folders of images")
    found = [image for path in paths for image in _images(path)]
    if not found:
        raise UsageError(f"no {', '.join(SUFFIXES)} in {', '.join(map(str, paths))}")
    return found


def read_photograph(path: Path, item_id: int | None) -> tuple[Photograph, bytes]:
    """The photograph of a file, with its bytes. Raises `OSError`.

    Without `item_id` the content decides: the same image is the same item, and the id is below
    2^52, so that any JSON reader holds it exactly.
    """
    data = path.read_bytes()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Photograph(path, item_id or 1 + int(md5[:13], 16), md5), data


def message_id(body: bytes) -> str:
    """The id of a message: the same for the same body, so that submitting again is harmless."""
    return str(uuid5(_MESSAGE_NAMESPACE, body.decode()))


def _images(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for candidate in sorted(path.rglob("*")):
        if candidate.suffix.lower() in SUFFIXES and candidate.is_file():
            yield candidate
