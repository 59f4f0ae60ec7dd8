"""A sheet as one PNG, for chats and reports that take no HTML."""

from __future__ import annotations

from textwrap import wrap

import cv2
import numpy as np

from colecionador.domain.sizes import bytes_text
from colecionador.imaging.codec import Image, ImageFormat, Pixels, encode
from colecionador.imaging.codec.image import as_pixels
from colecionador.sheets.contents import Picture, Section, Sheet
from colecionador.sheets.thumbnail import fitted
from colecionador.sheets.words import short_scores

COLUMNS = 4
_CELL = 330
_PICTURE = 300, 225
_LINE = 17
_LINES = 6
_MARGIN = 20
_HEAD = 46
_PAPER, _INK, _SOFT, _BAD = (246, 247, 248), (33, 33, 36), (105, 108, 114), (34, 52, 176)
Colour = tuple[int, int, int]


def png_poster(sheet: Sheet) -> bytes:
    """The whole sheet as a PNG file; characters that OpenCV's letters lack become `?`."""
    rows = [_title(sheet.title), *(row for section in sheet.sections for row in _rows(section))]
    poster = Image(as_pixels(np.vstack(rows)), ImageFormat.PNG)
    data = encode(poster, ImageFormat.PNG, 100)
    if not isinstance(data, bytes):
        raise TypeError(data.error)
    return data


def _title(text: str) -> Pixels:
    strip = _blank(_HEAD, COLUMNS * _CELL)
    _write(strip, text, _MARGIN, 32, _INK, 0.7)
    return strip


def _rows(section: Section) -> list[Pixels]:
    verdict = "; ".join(section.findings) or "good quality"
    heading = _blank(_HEAD, COLUMNS * _CELL)
    _write(heading, section.title, _MARGIN, 16, _INK, 0.5)
    _write(heading, verdict, _MARGIN, 36, _BAD if section.findings else _SOFT, 0.45)
    cells = [_cell(one) for one in (section.original, *section.variations)]
    while len(cells) % COLUMNS:
        cells.append(_blank(*cells[0].shape[:2]))
    return [
        heading,
        *(
            as_pixels(np.hstack(cells[first : first + COLUMNS]))
            for first in range(0, len(cells), COLUMNS)
        ),
    ]


def _cell(picture: Picture) -> Pixels:
    height = _PICTURE[1]
    cell = _blank(height + _LINE * _LINES + _MARGIN, _CELL)
    if picture.thumbnail is not None:
        _paste(cell, picture.thumbnail.pixels)
    lines: list[tuple[str, Colour]] = [(picture.name, _INK)]
    lines += [(part, _BAD) for part in wrap(picture.problem, 46)[:3]]
    if picture.bytes:
        size = f"{picture.width} x {picture.height}, {bytes_text(picture.bytes)}"
        lines += [(size, _SOFT), (picture.md5, _SOFT)]
    if picture.scores is not None:
        lines += [(part, _SOFT) for part in wrap(short_scores(picture.scores), 46)]
    for number, (text, colour) in enumerate(lines[:_LINES], 1):
        _write(cell, text, _MARGIN, height + number * _LINE, colour, 0.4)
    return cell


def _paste(cell: Pixels, small: Pixels) -> None:
    """Put a thumbnail into the middle of its place."""
    room_width, room_height = _PICTURE
    width, height = small.shape[1], small.shape[0]
    scale = min(1.0, room_width / width, room_height / height)
    size = fitted(width, height, max(1, int(max(width, height) * scale)))
    shown = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    left, top = _MARGIN + (room_width - size[0]) // 2, (room_height - size[1]) // 2
    cell[top : top + size[1], left : left + size[0]] = shown


def _write(strip: Pixels, text: str, left: int, base: int, colour: Colour, size: float) -> None:
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(strip, plain, (left, base), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def _blank(height: int, width: int) -> Pixels:
    return as_pixels(np.full((height, width, 3), _PAPER, np.uint8))
