"""The settings of a command: wrong ones end it with every finding at once."""

from __future__ import annotations

from colecionador.cli.errors import UsageError
from colecionador.domain.settings import Settings, SettingsError, load_settings


def command_settings() -> Settings:
    """The settings of the environment. Raises `UsageError` with a line for each wrong one."""
    try:
        return load_settings()
    except SettingsError as error:
        findings = str(error).splitlines()
        count = f"{len(findings)} settings are" if len(findings) > 1 else "a setting is"
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise UsageError(f"{count} wrong:\n{lines}") from None
