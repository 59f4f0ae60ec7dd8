"""`augment dlq`: dead letters, for whoever has to do something about them; a file a verb."""

from __future__ import annotations

import typer

from colecionador.cli.dlq.drop import drop
from colecionador.cli.dlq.listing import list_letters
from colecionador.cli.dlq.replay import replay
from colecionador.cli.dlq.show import show

GROUP = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@GROUP.callback()
def dlq() -> None:
    """Look at the dead letters, send them back to the work queue, or throw them away.

    Looking changes nothing: each letter keeps its place. One `augment dlq` works at a time, others
    wait for it.
    """


GROUP.command("list")(list_letters)
GROUP.command("show")(show)
GROUP.command("replay")(replay)
GROUP.command("drop")(drop)
