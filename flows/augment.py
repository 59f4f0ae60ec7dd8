"""The dataflow: every delivery of `ImageAugmentations`, on its way to one of three sinks.

    python -m bytewax.run flows.augment            one process; -w N for N workers
    python -m bytewax.testing flows.augment -p N   N processes on one machine

Importing this module connects to nothing, and so does `flow`: connections are opened when Bytewax
builds the workers.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream

from colecionador.domain.messages import Delivery, Item
from colecionador.domain.ports import Lanes
from colecionador.domain.settlements import Completion, Retry
from colecionador.steps.photo import Photo
from connectors.lanes.sinks import SettlementSink, SignalSink
from connectors.lanes.source import LaneSource
from flows.operators import async_map, gather, split, split_keyed
from flows.production import production_wiring
from flows.wiring import Wiring


def flow() -> Dataflow:
    """The dataflow of this process, over the servers that its settings name."""
    return topology(production_wiring())


def topology(wiring: Wiring) -> Dataflow:
    """The way of an item: from its lane, through the steps, back to its lane."""
    augment = Dataflow("augment")
    lanes, steps = wiring.lanes, wiring.steps

    arrivals = op.input("source", augment, LaneSource(lanes, wiring.peers))
    deliveries, signals = split("deliveries", arrivals, Delivery)
    items, invalid = split("valid", op.map("parse", deliveries, steps.parse), Item)

    by_range = op.key_on("range", items, steps.range_of)
    fetched = async_map("fetch", by_range, steps.fetch)
    photos, unfetched = split_keyed("photos", fetched, Photo)
    renderings = op.flat_map_value("plan", photos, steps.plan)
    rendered = async_map("render", renderings, steps.render)
    assembled = gather("aggregate", rendered, steps.group)

    outcomes = op.merge("outcomes", assembled, unfetched)
    settlements = op.key_rm("settlements", async_map("commit", outcomes, steps.commit))
    completed, failed = split("completed", settlements, Completion)
    retried, exhausted = split("retried", failed, Retry)
    rejected = op.map("reject", invalid, steps.reject)
    dead_letters = op.merge("dead_letters", exhausted, rejected)

    settle("model_training", completed, lanes)
    settle("retry", retried, lanes)
    settle("dead_letter", dead_letters, lanes)
    signals_by_lane = op.key_on("signal_lane", signals, attrgetter("lane"))
    op.output("signal", signals_by_lane, SignalSink(lanes, wiring.peers))
    op.output("workers", settlements, wiring.workers)
    return augment


def settle(sink: str, settlements: Stream[Any], lanes: Lanes) -> None:
    """End a stream in a sink, on the lane that each delivery came from."""
    by_lane = op.key_on(f"{sink}_lane", settlements, attrgetter("delivery.lane"))
    op.output(sink, by_lane, SettlementSink(lanes))
