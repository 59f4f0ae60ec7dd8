"""The `augment` command. Each verb is a file of its own, imported when it is called.

A new verb is a module with a function of the verb's name, and a line in `VERBS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

import typer

from colecionador.cli.errors import CommandError

VERBS = {
    "init": "Create the queues, buckets and tables that are missing; safe to repeat.",
    "submit": "Upload images and publish a message for each.",
    "status": "Show where things stand: queues, jobs, last errors; or one item's jobs.",
    "dlq": "Look at the dead letters, send them back, or throw them away.",
    "replay": "Put messages of the stream into the work queue again, from an offset or a time.",
    "doctor": "Check every setting and connection, and say in words what is wrong.",
    "quality": "Print the quality scores of images on disk against the thresholds.",
    "preview": "Render images on disk as a plan would, into a contact sheet.",
    "sheet": "Make a contact sheet of an item: its original and every variation.",
}
"""Every verb with its line in `augment --help`, so that help imports none of them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit.

    The exit code is 0 where all is well, 1 for findings and servers that do not answer, 2 for
    wrong usage or settings, 130 after Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        application(given)(given, prog_name="augment")
    except CommandError as error:
        print(f"augment: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None


def application(arguments: Sequence[str]) -> typer.Typer:
    """The command with the verb that `arguments` name ready to run, the others known by name."""
    app = typer.Typer(
        help="Turns photographs into stored variations for model training.",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    called = next((word for word in arguments if not word.startswith("-")), None)
    for verb, summary in VERBS.items():
        if verb == called:
            _add(app, verb, summary)
        else:
            app.command(verb, short_help=summary)(_not_called)
    return app


def _add(app: typer.Typer, verb: str, summary: str) -> None:
    """The verb itself; one with verbs of its own has them in `GROUP`."""
    module = import_module(f"colecionador.cli.{verb}")
    group: typer.Typer | None = getattr(module, "GROUP", None)
    if group is not None:
        app.add_typer(group, name=verb, short_help=summary)
        return
    command: Callable[..., None] = getattr(module, verb)
    app.command(verb, short_help=summary)(command)


def _not_called() -> None:
    """Stand in for a verb that is only listed."""
