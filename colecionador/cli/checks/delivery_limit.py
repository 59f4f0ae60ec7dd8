"""What the broker does with a message that keeps coming back: its rule, and the queues' limits."""

from __future__ import annotations

from collections.abc import Sequence

from colecionador.cli.checks.section import Finding, note, right, wrong
from colecionador.domain.settings import Settings
from connectors.rabbitmq.depth import messages_ready
from connectors.rabbitmq.driven_connection import driven_connection
from connectors.rabbitmq.parameters import BrokerError
from connectors.rabbitmq.queue_arguments import delivery_limit, queue_arguments
from connectors.rabbitmq.queues import DELIVERY_LIMIT, QueueSpec

DEAD_LETTERS = "dead letters"
WORK = "work"


def check_delivery_limits(
    settings: Settings, specs: Sequence[QueueSpec], version: str
) -> list[Finding]:
    """The rule of this version, and the limits of the queues that exist.

    A policy may set another limit, which AMQP does not tell. Raises `BrokerError`.
    """
    found = [note("delivery limit", _rule(version))]
    roles = {spec.role: spec for spec in specs}
    with driven_connection(settings, "doctor") as connection:
        for role, judge in ((WORK, _work), (DEAD_LETTERS, _dead_letters)):
            name = roles[role].name
            try:
                # A declaration would make a queue that is missing.
                messages_ready(connection, name)
            except BrokerError:
                continue
            arguments = queue_arguments(connection, name, roles[role].arguments)
            found.append(judge(name, delivery_limit(arguments, major_minor(version)[0])))
    return found


def major_minor(version: str) -> tuple[int, int]:
    """The first two numbers of a version; zeros where there are none."""
    parts = [int(part) if part.isdigit() else 0 for part in version.split(".")[:2]]
    first, second, *_ = (*parts, 0, 0)
    return first, second


def _rule(version: str) -> str:
    numbers = major_minor(version)
    if numbers >= (4, 3):
        counted = "crashes and closed channels count, nacks do not"
    else:
        counted = "every return counts: crashes, closed channels, nacks"
    unset = "20 where a quorum queue sets none" if numbers >= (4, 0) else "none where none is set"
    return f"in version {version or 'unknown'} {counted}; {unset}"


def _work(name: str, limit: int | None) -> Finding:
    subject = f"limit of {name}"
    if limit is None:
        return note(subject, "none; a message that ends its process is found out by a child")
    if limit < DELIVERY_LIMIT:
        seen = f"{limit}: crashes of a process could take innocent messages to the dead letters"
        return wrong(subject, f"{seen}; raise it to {DELIVERY_LIMIT} by policy, or declare it anew")
    return right(subject, f"{limit} returns, a distant backstop")


def _dead_letters(name: str, limit: int | None) -> Finding:
    subject = f"limit of {name}"
    if limit is None:
        return right(subject, "none: looking never drops a letter")
    policy = f"""rabbitmqctl set_policy --apply-to queues augment-dlq "^{name}$" """
    return wrong(
        subject,
        f"{limit}: the broker drops a letter that was looked at that often; let it drain, delete "
        "it and run: augment init; or, where its own arguments set no limit, run: "
        f"""{policy}'{{"delivery-limit": -1}}'""",
    )
