"""One 12-megapixel item alone in the system: what a second core is worth to it.

Two services stand side by side, each with its own queue, and get items in turn. The rendering is
measured by itself besides, since the object store's work for an item is on the same two cores.
"""

from __future__ import annotations

from contextlib import ExitStack

from bench.completions import Completions
from bench.contender import Running, service
from bench.figures import Claim, Outcome, Row, Spread, Table, percentile, ratio, spread
from bench.lone_items import LoneItems
from bench.photographs import PHOTO
from bench.rendering_alone import rendering_ms
from bench.scale import Scale
from bench.servers import Servers
from bench.site import Site, new_site

THREADS = (1, 2)


def run(servers: Servers, scale: Scale) -> Outcome:
    """Latency of items alone, with one compute thread and with two."""
    count = scale.alone * scale.rounds
    paths = servers.provide(PHOTO, count + 1)
    photographs = len(paths)
    with ExitStack() as stack:
        sites = [stack.enter_context(new_site(servers, PHOTO, cpu_threads=n)) for n in THREADS]
        senders = [_sender(stack, site, photographs) for site in sites]
        for sender in senders:
            sender.one()  # opens the connections
        # In turn, so that both meet the same neighbours on the machine.
        pairs = [[sender.one() for sender in senders] for _ in range(count)]
        renders = [site.render_ms() for site in sites]
    # In turn as well, a round each.
    alone: list[list[float]] = [[], []]
    for _ in range(scale.rounds):
        for side, threads in enumerate(THREADS):
            alone[side] += rendering_ms(paths, threads)
    columns = [[seconds for _, seconds in side] for side in zip(*pairs, strict=True)]
    rendered = [
        [renders[index][item_id] for item_id, _ in side]
        for index, side in enumerate(zip(*pairs, strict=True))
    ]
    table = Table(
        "A 4 MB photo alone in the system",
        tuple(f"{threads} compute thread{'s' * (threads > 1)}" for threads in THREADS),
        (
            Row("publication to completion, ms", tuple(_ms(side) for side in columns)),
            Row("p95, ms", tuple(spread([1000 * percentile(side, 0.95)]) for side in columns)),
            Row("of it download to commit, ms", tuple(spread(side) for side in rendered)),
            Row("rendering alone, without a server, ms", tuple(spread(side) for side in alone)),
        ),
        "Rendering: from the file's bytes to nine checked files, in a process of its own.",
    )
    claim = Claim(
        "an item alone renders, time with two threads ÷ with one",
        ratio(alone[1], alone[0]),
        0.65,
    )
    return Outcome((table,), (claim,))


def _sender(stack: ExitStack, site: Site, photographs: int) -> LoneItems:
    completions = stack.enter_context(Completions(site))
    running = stack.enter_context(Running(service(), site))
    return LoneItems(site, completions, running, photographs)


def _ms(seconds: list[float]) -> Spread:
    return spread([1000 * each for each in seconds])
