"""Rows as one JSON text: a single parameter, whatever their number, for `json_to_recordset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, Union

import orjson

Row: TypeAlias = Mapping[str, Union[str, int, float, datetime, "Sequence[Row]", None]]
"""A row's values by column, and rows that belong to it; a column that is missing is null."""


def as_json(rows: Sequence[Row]) -> str:
    """The text. Raises `orjson.JSONEncodeError` for a lone surrogate or a number beyond 64 bits."""
    return orjson.dumps(rows).decode()
