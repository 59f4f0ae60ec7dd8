"""Writes `docs/settings.md` from the settings themselves: `make docs`.

Name, default and meaning of a setting stand in `colecionador/domain/settings.py` and nowhere else.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from colecionador.domain.secret_files import SECRET_SETTINGS
from colecionador.domain.settings import MEBIBYTE, PREFIX, Settings

HEAD = """\
# Settings

Environment variables, or lines of a `.env` file in the working directory; the environment wins.
Wrong ones are reported all at once, each by its name, its value and the remedy. `augment doctor`
shows what is in force, secrets hidden.

{secrets}
may be in files instead, one line each: `AUGMENT_AMQP_URL_FILE=/run/secrets/amqp_url` in the place
of `AUGMENT_AMQP_URL`. A file is not seen by who lists a process's environment. Both at once are an
error.

The secrets among the defaults are those of servers on a developer's machine.

| variable | default | values | meaning |
|---|---|---|---|
"""

COMPUTED_DEFAULTS = {"cpu_threads": "the machine's cores"}
"""Defaults that differ from machine to machine."""


def settings_page() -> str:
    """The whole page, as Markdown."""
    meanings = dict(_meanings())
    schemas: Mapping[str, Any] = Settings.model_json_schema()["properties"]
    rows = (
        f"| `{PREFIX}{name.upper()}` | {_default(name, field)} | {_values(schemas[name])} "
        f"| {meanings[name]} |\n"
        for name, field in Settings.model_fields.items()
    )
    return HEAD.format(secrets=_secrets()) + "".join(rows)


def _secrets() -> str:
    *names, last = (f"`{PREFIX}{name}`".upper() for name in SECRET_SETTINGS)
    return f"{', '.join(names)} and {last}"


def _meanings() -> Iterator[tuple[str, str]]:
    """Each field's docstring, in one line; Python itself keeps none of an attribute."""
    (definition,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(definition, ast.ClassDef)
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str())):
                yield name, " ".join(str(ast.literal_eval(text.value)).split())


def _default(name: str, field: FieldInfo) -> str:
    if name in COMPUTED_DEFAULTS:
        return COMPUTED_DEFAULTS[name]
    value = field.default
    if value is None or value == ():
        return "unset"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, int) and value >= MEBIBYTE and value % MEBIBYTE == 0:
        return f"`{value}` ({value // MEBIBYTE} MiB)"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _values(schema: Mapping[str, Any]) -> str:
    """What may be set, in words, of a setting's JSON schema."""
    # Of a setting that may be unset: what it may be where it is set.
    schema = next((one for one in schema.get("anyOf", ()) if one["type"] != "null"), schema)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = {"integer": "integer", "number": "number", "array": "names, comma-separated"}
    kind = kinds.get(str(schema.get("type")), "text")
    if schema.get("format") == "path":
        kind = "path of a file"
    low, high, above = (schema.get(bound) for bound in ("minimum", "maximum", "exclusiveMinimum"))
    bounds = [
        f"above {above:g}" if above is not None else "",
        f"from {low:g}" if low is not None else "",
        f"to {high:g}" if high is not None else "",
    ]
    return " ".join((kind, *filter(None, bounds)))


if __name__ == "__main__":
    sys.stdout.write(settings_page())
