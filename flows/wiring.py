"""How the steps hang together: from settings and ports to the steps of the dataflow.

Written once for production and for tests: which servers, or memory, stand behind the ports is not
known here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from colecionador.domain.events import Dependency
from colecionador.domain.messages import (
    Delivery,
    DeliveryId,
    Item,
    RejectedMessage,
    parse_message,
    range_key,
)
from colecionador.domain.plan import Plan
from colecionador.domain.ports import Lanes, Ledger, Store, Telemetry
from colecionador.domain.results import CompletedItem, FailedItem
from colecionador.domain.settings import Settings
from colecionador.domain.settlements import DeadLetter, retry_delays, settle_rejection
from colecionador.imaging.quality import thresholds
from colecionador.steps.assemble import Assemble
from colecionador.steps.batching import Batcher
from colecionador.steps.budget import PixelBudget
from colecionador.steps.commit import Commit
from colecionador.steps.decode import LocalDecoder
from colecionador.steps.fetch import Fetch
from colecionador.steps.outages import OutageWatch
from colecionador.steps.photo import Rendered
from colecionador.steps.plan import PlanVariations
from colecionador.steps.pools import Pool
from colecionador.steps.render import Render
from colecionador.steps.suspects import SuspectLimits, Suspects
from colecionador.steps.tasks import run
from connectors.lanes.signals import Peers
from flows.operators import Group
from flows.workers import WorkerTally

COMMIT_THREADS = 2
"""Transactions at once: while one waits for its disk the other fills."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What stands behind the steps in this process."""

    lanes: Lanes
    store: Store
    ledger: Ledger
    telemetry: Telemetry


@dataclass(frozen=True, slots=True)
class Steps:
    """Every step that the topology names."""

    parse: Callable[[Delivery], Item | RejectedMessage]
    reject: Callable[[RejectedMessage], DeadLetter]
    range_of: Callable[[Item], str]
    fetch: Fetch
    plan: PlanVariations
    render: Render
    group: Group[Rendered, CompletedItem | FailedItem]
    commit: Commit


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a topology is made of."""

    lanes: Lanes
    steps: Steps
    workers: WorkerTally
    compute: Pool
    """Where photos are decoded and rendered."""
    peers: Peers
    """When the lanes of the cluster were last heard here."""

    def close(self) -> None:
        """End the children of this process, for one that goes on after its dataflow."""
        self.steps.fetch.suspects.close()


def wire(
    settings: Settings,
    plan: Plan,
    plan_version: str,
    ports: Ports,
    start: Callable[[], None] = lambda: None,
) -> Wiring:
    """Wire one process. Nothing is connected to before Bytewax builds the first worker.

    Then `start` is called, and the lanes, which begin paused, take deliveries as soon as the
    database and the object store have answered.
    """
    watches = watch(ports)
    peers = Peers(ports.lanes.names)

    def start_process() -> None:
        start()
        peers.expect()
        run(watches.database.ready())
        run(watches.store.ready())

    workers = WorkerTally(ports.telemetry, start_process)
    compute = Pool("compute", settings.cpu_threads)
    steps = _Wirer(settings, plan, plan_version, ports, watches, workers, compute, peers).steps()
    return Wiring(ports.lanes, steps, workers, compute, peers)


@dataclass(frozen=True, slots=True)
class Watches:
    """What is known of the servers that the steps call. The broker's edge watches itself."""

    database: OutageWatch
    store: OutageWatch


def watch(ports: Ports) -> Watches:
    """Watches under which the lanes consume only while both servers are up."""
    watches: list[OutageWatch] = []
    deciding = threading.Lock()

    def changed() -> None:
        # One at a time: an old decision must not overtake a newer one.
        with deciding:
            if all(each.up for each in watches):
                ports.lanes.resume()
            else:
                ports.lanes.pause()

    database = OutageWatch(Dependency.POSTGRES, ports.ledger.probe, ports.telemetry, changed)
    store = OutageWatch(Dependency.S3, ports.store.probe, ports.telemetry, changed)
    watches += [database, store]
    return Watches(database, store)


@dataclass(frozen=True, slots=True)
class _Wirer:
    settings: Settings
    plan: Plan
    plan_version: str
    ports: Ports
    watches: Watches
    workers: WorkerTally
    compute: Pool
    peers: Peers

    def steps(self) -> Steps:
        settings, telemetry = self.settings, self.ports.telemetry
        transfer = Pool("transfer", settings.s3_pool)
        assemble = Assemble(self.plan_version, telemetry)
        return Steps(
            parse=partial(
                parse_message,
                default_bucket=settings.source_bucket,
                allowed_buckets=settings.readable_buckets,
            ),
            reject=settle_rejection,
            range_of=lambda item: range_key(item.item_id, settings.range_size),
            fetch=self._fetch(transfer),
            plan=PlanVariations(self.plan),
            render=self._render(transfer),
            group=Group(_delivery_of, _count_of, assemble),
            commit=self._commit(),
        )

    def _fetch(self, transfer: Pool) -> Fetch:
        settings, ledger = self.settings, self.ports.ledger
        budget = PixelBudget(settings.pixel_budget_bytes)
        return Fetch(
            registrations=Batcher(
                "register",
                partial(ledger.register, plan_version=self.plan_version),
                limit=settings.commit_batch,
                threads=COMMIT_THREADS,
            ),
            store=self.ports.store,
            database_watch=self.watches.database,
            trial=ledger.try_writing,
            store_watch=self.watches.store,
            budget=budget,
            transfer=transfer,
            local=LocalDecoder(self.compute, budget, settings.max_pixels),
            suspects=Suspects(
                SuspectLimits(settings.max_pixels, settings.render_seconds),
                self.compute,
                budget,
                children=settings.cpu_threads,
            ),
            thresholds=partial(self.plan.thresholds, settings=thresholds(settings)),
            max_source_bytes=settings.max_source_bytes,
            plan_version=self.plan_version,
            telemetry=self.ports.telemetry,
            worker=self.workers.current,
            is_stale=self.peers.is_stale,
        )

    def _render(self, transfer: Pool) -> Render:
        return Render(
            store=self.ports.store,
            store_watch=self.watches.store,
            compute=self.compute,
            transfer=transfer,
            training_bucket=self.settings.training_bucket,
            jpeg_quality=self.settings.jpeg_quality,
            plan_version=self.plan_version,
            telemetry=self.ports.telemetry,
            is_stale=self.peers.is_stale,
        )

    def _commit(self) -> Commit:
        settings, ledger = self.settings, self.ports.ledger
        limit = settings.commit_batch
        return Commit(
            commits=Batcher("commit", ledger.commit, limit=limit, threads=COMMIT_THREADS),
            records=Batcher("record", ledger.record, limit=limit, threads=1),
            database_watch=self.watches.database,
            trial=ledger.try_writing,
            retry_delays=retry_delays(settings.max_attempts, settings.retry_base_seconds),
            telemetry=self.ports.telemetry,
            is_stale=self.peers.is_stale,
        )


def _delivery_of(rendered: Rendered) -> DeliveryId:
    return rendered.facts.item.delivery


def _count_of(rendered: Rendered) -> int:
    return rendered.count
