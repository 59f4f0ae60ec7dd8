"""What ends a command early: said in words on stderr, without a traceback."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot go on; the message says why and what to do, in one or more lines."""

    exit_code = 1


class UsageError(CommandError):
    """The command line or the settings are wrong."""

    exit_code = 2
