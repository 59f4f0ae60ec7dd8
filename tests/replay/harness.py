"""Runs a recorded stream through the whole dataflow, on the ports in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bytewax.inputs import AbortExecution
from bytewax.testing import cluster_main

from colecionador.domain.failures import Failure
from colecionador.domain.messages import Delivery
from colecionador.domain.plan import load_plan
from colecionador.domain.ports import StoredObject, Telemetry
from colecionador.domain.settings import Settings
from colecionador.imaging.variations import check_operation
from colecionador.imaging.version import plan_version
from connectors.memory.broker import MemoryBroker
from connectors.memory.lanes import MemoryLane, MemoryLanes
from connectors.memory.ledger import MemoryLedger
from connectors.memory.store import MemoryStore
from connectors.memory.telemetry import MemoryTelemetry
from flows.augment import topology
from flows.wiring import Ports, wire
from tests.replay.images import image_bytes
from tests.replay.recording import Recording, Run


@dataclass(slots=True)
class World:
    """What outlives a run: the queues, the objects and the rows."""

    settings: Settings
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    store: MemoryStore = field(default_factory=MemoryStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    telemetry: Telemetry = field(default_factory=MemoryTelemetry)


class AbortingLanes(MemoryLanes):
    """Lanes that abort the run once it has settled so much.

    One worker is aborted as by a kill. Several are cut off from their lanes instead, as at the
    deadline of a drain: an abortion of Bytewax's ends only the worker that raised it, and the
    others then wait for it for ever (seen in one of thirty runs).
    """

    def __init__(self, world: World, workers: int, abort_after: int | None) -> None:
        names = [f"lane-{index}" for index in range(world.settings.lanes)]
        super().__init__(world.broker, names, world.settings.prefetch, world.telemetry)
        self.kill = workers == 1
        self._abort_at = None if abort_after is None else self._settled + abort_after

    @property
    def _settled(self) -> int:
        broker = self.broker
        return len(broker.completions) + len(broker.dead_letters) + len(broker.retries)

    @property
    def aborted(self) -> bool:
        return self._abort_at is not None and self._settled >= self._abort_at

    def open(self, name: str) -> MemoryLane:
        return AbortingLane(self, name)


class AbortingLane(MemoryLane):
    def __init__(self, lanes: AbortingLanes, name: str) -> None:
        super().__init__(lanes, name)
        self._aborting = lanes

    def take(self) -> Sequence[Delivery]:
        if not self._aborting.aborted:
            return super().take()
        if self._aborting.kill:
            raise AbortExecution
        return ()

    @property
    def ended(self) -> bool:
        return self._aborting.aborted or super().ended


class AppearingStore(MemoryStore):
    """A store in which some objects appear only after so many retries."""

    def __init__(self, broker: MemoryBroker, appearing: Mapping[str, int]) -> None:
        super().__init__()
        self._broker = broker
        self._appearing = dict(appearing)

    def download(self, bucket: str, object_key: str, limit_bytes: int) -> StoredObject | Failure:
        needed = self._appearing.get(object_key)
        if needed is not None and len(self._broker.retries) >= needed:
            self.put(bucket, object_key, image_bytes("photo", 0))
        return super().download(bucket, object_key, limit_bytes)


def replay(
    recording: Recording,
    settings: Settings,
    *,
    workers: int,
    epoch_ms: int,
    world: World | None = None,
) -> World:
    """Run the whole recording, one run after the other, and return what it left behind.

    `world` is one with a broker, or a telemetry, of its own.
    """
    world = world or World(settings)
    world.store = AppearingStore(world.broker, recording.appearing)
    for image in recording.images:
        world.store.put("images", image.key, image_bytes(image.kind, image.seed))
    for fault in recording.faults:
        failure = Failure(fault.error_type, f'objectKey "{fault.key}": {fault.error_type}')
        world.store.fail("images", fault.key, failure, fault.times)
    for run in recording.runs:
        replay_run(world, run, workers=workers, epoch_ms=epoch_ms)
    return world


def replay_run(world: World, run: Run, *, workers: int, epoch_ms: int) -> None:
    """One execution of the dataflow, to its end or its abortion."""
    for message in run.messages:
        world.broker.publish(
            message.body, message_id=message.message_id, delay_seconds=message.at_seconds
        )
    lanes = AbortingLanes(world, workers, run.abort_after)
    ports = Ports(lanes, world.store, world.ledger, world.telemetry)
    plan = load_plan(None, check_operation)
    wiring = wire(world.settings, plan, plan_version(plan, world.settings), ports)
    epoch = timedelta(milliseconds=epoch_ms)
    cluster_main(topology(wiring), [], 0, epoch_interval=epoch, worker_count_per_proc=workers)
    world.broker.take_all_back()
    wiring.close()
