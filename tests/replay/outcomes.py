"""The outcome of a replay as text that reads well in a diff."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from tests.replay.harness import World


def outcomes(world: World) -> str:
    """Completions, retries, dead letters and rows, in an order that no timing changes."""
    sections = {
        "completions": sorted(set(_completions(world))),
        "retries": sorted(_retries(world)),
        "dead letters": sorted(_dead_letters(world)),
        "objects": _objects(world),
        "rows": [line for line in world.ledger.dump().splitlines() if not line.startswith(" ")],
    }
    return "\n".join(
        "\n".join((f"{title}", *(f"  {line}" for line in lines or ["(none)"]), ""))
        for title, lines in sections.items()
    )


def _completions(world: World) -> Iterator[str]:
    # Published at least once: a consumer drops what it has seen by the id, so each counts once.
    for completion in world.broker.completions:
        body = orjson.loads(completion.body)
        yield (
            f"{completion.subject.message_id}: item {body['itemId']} {body['categoria']}, "
            f"{len(body['variations'])} variations"
            f"{', low quality' if body['badQuality'] else ''}"
        )


def _retries(world: World) -> Iterator[str]:
    for retry in world.broker.retries:
        subject = retry.subject
        yield (
            f"{subject.message_id}: attempt {subject.attempt} {retry.failure.error_type}, "
            f"again in {retry.delay_seconds:g} s"
        )


def _dead_letters(world: World) -> Iterator[str]:
    for message, letter in world.broker.dead_letters:
        failure = letter.failure
        subject = letter.subject
        yield (
            f"{subject.message_id}: attempt {subject.attempt} {failure.error_type}: "
            f"{failure.error} ({len(message.body)} bytes)"
        )


def _objects(world: World) -> list[str]:
    keys = [key for key in world.store.dump() if key.startswith("training/")]
    counts: dict[str, int] = {}
    for key in keys:
        _, categoria, item_id, *_ = key.split("/")
        place = f"{categoria}/{item_id}"
        counts[place] = counts.get(place, 0) + 1
    return [f"training/{place}: {count} objects" for place, count in sorted(counts.items())]
