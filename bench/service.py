"""The service beside the kernel bound and beside plain consumers, on three sizes of images.

In each round every contender works off a backlog of the same photographs, one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from bench.backlog import Backlog, Run, work_off
from bench.contender import Contender, confined, plain, replicas, service
from bench.figures import Claim, Outcome, Row, Spread, Table, percentile, ratio, spread
from bench.kernel_bound import bound
from bench.photographs import PHOTO, THUMBNAIL, WEB_PHOTO, Kind
from bench.rounds import rounds
from bench.scale import Scale
from bench.servers import Servers

MEBIBYTE = 1024 * 1024

SERVICE = service(1)
ON_ONE_CORE = confined(SERVICE)
REPLICAS = replicas()
ONE = plain(1)
OVERLAPPED = plain(3)

COLUMNS = (
    "items/s",
    "items/core s",
    "× the first",
    "CPU ms/item",
    "÷ kernel bound",
    "servers' CPU ms/item",
    "cores busy %",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "peak MiB",
    "page faults/item",
)


# The service twice, since the pace of a shared machine changes within a minute.
MAIN = (ONE, SERVICE, OVERLAPPED, SERVICE)


@dataclass(frozen=True, slots=True)
class Round:
    """One round: every contender on the same photographs, and the kernels around the service."""

    kernel_ms: float
    """CPU of the kernels alone, an item, with the allocator as it comes."""
    quiet_kernel_ms: float
    runs: Mapping[str, Sequence[Run]]


@dataclass(frozen=True, slots=True)
class Rounds:
    """All rounds on one kind of photographs."""

    kind: Kind
    contenders: Sequence[Contender]
    """The first one is what the others are compared with."""
    done: Sequence[Round]

    def of(self, contender: Contender) -> list[Run]:
        """The runs of one contender, one or more a round."""
        return [run for each in self.done for run in each.runs[contender.name]]

    def throughputs(self, contender: Contender) -> list[float]:
        """Items in a second of a core, of the time that other programs left, a round each."""
        return [
            mean(run.items_per_core_second for run in each.runs[contender.name])
            for each in self.done
        ]

    def cpu_ms(self, contender: Contender) -> list[float]:
        """CPU of the contender's own processes, a round each."""
        return [mean(run.cpu_ms for run in each.runs[contender.name]) for each in self.done]

    @property
    def kernel_ms(self) -> list[float]:
        """CPU of the kernels alone, a round each."""
        return [each.kernel_ms for each in self.done]

    @property
    def quiet_kernel_ms(self) -> list[float]:
        """The same with a quiet allocator."""
        return [each.quiet_kernel_ms for each in self.done]


def run(servers: Servers, scale: Scale) -> Outcome:
    """Everything on 4 MB photos, 300 KB photos and 20 KB thumbnails."""
    photos = compare(servers, scale, Backlog(PHOTO, scale.photos, scale.lead), MAIN)
    web_photos = compare(servers, scale, Backlog(WEB_PHOTO, scale.web_photos, 8), MAIN)
    # Small images are interpreted more than computed: a process does most of them on one core,
    # where its threads do not wait for each other's lock on another.
    small = Backlog(THUMBNAIL, scale.thumbnails, 30)
    contenders = (ONE, SERVICE, REPLICAS, OVERLAPPED, SERVICE, REPLICAS, ON_ONE_CORE)
    thumbnails = compare(servers, scale, small, contenders)
    tables = tuple(table(each) for each in (photos, web_photos, thumbnails))
    return Outcome(tables, (*_claims_on_photos(photos), *_claims_on_thumbnails(thumbnails)))


def compare(
    servers: Servers, scale: Scale, backlog: Backlog, contenders: Sequence[Contender]
) -> Rounds:
    """Rounds of the kernels and of these contenders, on a backlog of one kind of photographs.

    A contender that is named more than once runs as often in each round of a complete benchmark.
    """
    kind = backlog.kind
    # What the service is held to gets most time: the ratios to the plain consumers.
    share = {PHOTO: 1.0, THUMBNAIL: 0.6}.get(kind, 1 / 3) if ONE in contenders else 1 / 3

    once = tuple({each.name: each for each in contenders}.values())
    turns = contenders if scale.complete else once

    def one() -> Round:
        kernels: list[tuple[float, float]] = []
        runs: dict[str, list[Run]] = {}
        for each in turns:
            # Before and after the service: the pace of a shared machine changes within a minute.
            around = each is SERVICE
            kernels += [_kernels(servers, kind, scale)] if around else []
            runs.setdefault(each.name, []).append(work_off(servers, each, backlog))
            kernels += [_kernels(servers, kind, scale)] if around and scale.complete else []
        kernel_ms, quiet_kernel_ms = (mean(side) for side in zip(*kernels, strict=True))
        return Round(kernel_ms, quiet_kernel_ms, runs)

    return Rounds(kind, once, rounds(scale.rounds, share * scale.seconds, one))


def _kernels(servers: Servers, kind: Kind, scale: Scale) -> tuple[float, float]:
    """CPU of the kernels alone, in ms an item: with the allocator as it comes, and a quiet one."""
    paths = servers.provide(kind, scale.bound_photos)
    usual, quiet = (bound(paths, quiet_malloc=quiet)["total"] for quiet in (False, True))
    return usual, quiet


def table(measured: Rounds) -> Table:
    """The figures of each contender; the first one is what the others are compared with."""
    rows = [
        Row(name, (None, None, None, spread(milliseconds), ratio(milliseconds, measured.kernel_ms)))
        for name, milliseconds in (
            ("the kernels alone, one thread", measured.kernel_ms),
            ("the same with a quiet malloc", measured.quiet_kernel_ms),
        )
    ]
    rows += [_row(measured, contender) for contender in measured.contenders]
    note = (
        "Latency is from an item's start to its commit, with a backlog. Items a core second are by "
        "the core time that other programs left, idle time and the servers' work included: on a "
        "machine with nothing else to do, items a second over its cores. Ratios are of those, "
        "since a busy machine gives more time to whoever has more threads. Busy: the used share "
        "of that time."
    )
    return Table(f"{measured.kind.name}s", COLUMNS, tuple(rows), note)


def _row(measured: Rounds, contender: Contender) -> Row:
    runs = measured.of(contender)
    latencies = [
        spread([percentile(run.total_ms, share) for run in runs]) for share in (0.5, 0.95, 0.99)
    ]
    cells: tuple[Spread | None, ...] = (
        spread([run.items_per_second for run in runs]),
        spread(measured.throughputs(contender)),
        ratio(measured.throughputs(contender), measured.throughputs(measured.contenders[0])),
        spread(measured.cpu_ms(contender)),
        ratio(measured.cpu_ms(contender), measured.kernel_ms),
        spread([run.server_cpu_ms for run in runs]),
        spread([100 * run.load.busy for run in runs]),
        *latencies,
        spread([run.peak_bytes / MEBIBYTE for run in runs]),
        spread([run.faults for run in runs]),
    )
    return Row(contender.name, cells)


def _claims_on_photos(measured: Rounds) -> tuple[Claim, ...]:
    own, throughputs = measured.cpu_ms(SERVICE), measured.throughputs(SERVICE)
    return (
        Claim(
            "CPU of the service ÷ kernel bound, 4 MB photos", ratio(own, measured.kernel_ms), 1.15
        ),
        Claim(
            "the same ÷ kernel bound with a quiet malloc",
            ratio(own, measured.quiet_kernel_ms),
            1.15,
        ),
        Claim("CPU of the service ÷ the plain consumer's", ratio(own, measured.cpu_ms(ONE)), 0.38),
        Claim(
            "cores busy with a backlog",
            spread([run.load.busy for run in measured.of(SERVICE)]),
            0.92,
            at_least=True,
        ),
        Claim(
            "throughput on 4 MB photos ÷ one at a time",
            ratio(throughputs, measured.throughputs(ONE)),
            2.7,
            at_least=True,
        ),
        Claim(
            "throughput on 4 MB photos ÷ three overlapped",
            ratio(throughputs, measured.throughputs(OVERLAPPED)),
            2.1,
            at_least=True,
        ),
        Claim(
            "peak MiB of a process, 12-megapixel photos",
            spread([run.peak_bytes / MEBIBYTE for run in measured.of(SERVICE)]),
            700,
        ),
    )


def _claims_on_thumbnails(measured: Rounds) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            f"throughput on thumbnails{layout} ÷ {words}",
            ratio(measured.throughputs(own), measured.throughputs(other)),
            1.5,
            at_least=True,
        )
        for layout, own in (
            ("", SERVICE),
            (", on one core", ON_ONE_CORE),
            (", two replicas", REPLICAS),
        )
        for words, other in (("one at a time", ONE), ("three overlapped", OVERLAPPED))
    )
