"""The wiring of a process in production: its servers, its telemetry, and how it ends."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from dataclasses import dataclass
from typing import NoReturn

from colecionador.domain.events import Dependency, Notice
from colecionador.domain.plan import PlanError, load_plan
from colecionador.domain.settings import Settings, SettingsError, load_settings
from colecionador.imaging.allocator import keep_freed_memory
from colecionador.imaging.codec import turbojpeg
from colecionador.imaging.variations import check_operation
from colecionador.imaging.version import plan_version
from connectors.postgres.ledger import PostgresLedger
from connectors.rabbitmq.lanes import RabbitLanes
from connectors.s3.store import S3Store
from connectors.s3.timeouts import Timeouts
from connectors.telemetry.bytewax_metrics import enable_bytewax_metrics
from connectors.telemetry.endpoint import metrics_route, open_endpoint
from connectors.telemetry.log_output import configure_logging, log_uncaught
from connectors.telemetry.stderr_lines import StderrLines, log_output
from flows.cluster import process_index
from flows.collector import spare_the_collector
from flows.health import healthz_route, readyz_route
from flows.stopping import (
    deadly,
    end_at_once_when_done,
    end_with_testing_parent,
    on_error,
    on_stop_signal,
)
from flows.telemetry import Backends, open_backends
from flows.watchdog import hanging_photo, silent_peer, watch
from flows.wiring import Ports, Wiring, wire


def production_wiring() -> Wiring:
    """Wire this process by its settings; ends it with code 2 where they, or the plan, are wrong."""
    try:
        settings = load_settings()
        plan = load_plan(settings.plan, check_operation)
    except (SettingsError, PlanError) as error:
        _refuse(error)
    stderr = StderrLines()
    configure_logging(settings, stderr.stream)
    log_uncaught()
    bytewax_metrics = enable_bytewax_metrics()
    backends = open_backends(settings, plan.categorias)
    telemetry = backends.telemetry
    lanes = RabbitLanes(settings, telemetry, start_paused=True, start_trace=backends.start_trace)
    ports = Ports(
        lanes=lanes,
        store=S3Store(settings, telemetry, Timeouts(silence=settings.s3_timeout_seconds)),
        ledger=PostgresLedger(
            settings.database_url.get_secret_value(), settings.database_pool, telemetry
        ),
        telemetry=telemetry,
    )

    backends.readiness.watch(
        {
            Dependency.RABBITMQ: lanes.probe,
            Dependency.S3: ports.store.probe,
            Dependency.POSTGRES: ports.ledger.probe,
        }
    )

    def start() -> None:
        spare_the_collector()
        keep_freed_memory()
        end_at_once_when_done()
        stderr.capture(log_output)
        atexit.register(stderr.close)
        atexit.register(backends.close)
        routes = {
            "/metrics": metrics_route(backends.metrics.registry, bytewax_metrics),
            "/healthz": healthz_route(wiring.peers, lanes.silence),
            "/readyz": readyz_route(backends.readiness),
        }
        open_endpoint(routes, settings.metrics_port, process_index(), telemetry)
        if (problem := turbojpeg.problem()) is not None:
            telemetry.emit(Notice("warning", "JPEGs go by BGR", (("reason", problem),)))

    wiring = wire(settings, plan, plan_version(plan, settings), ports, start)
    _say_how_to_end(wiring, lanes, settings, _Last(backends, stderr))
    return wiring


@dataclass(frozen=True, slots=True)
class _Last:
    """What a process that has to die still does: it says why."""

    backends: Backends
    stderr: StderrLines

    def report(self, error: BaseException) -> None:
        trace = "".join(traceback.format_exception(error))
        fields = (("remedy", remedy(error)), ("exception", trace))
        self.backends.telemetry.emit(Notice("error", "Process failed", fields))

    def close(self) -> None:
        self.backends.close()
        self.stderr.close()


def _say_how_to_end(wiring: Wiring, lanes: RabbitLanes, settings: Settings, last: _Last) -> None:
    def stop() -> None:
        if not wiring.workers.started:
            # Bytewax still waits for a cluster peer: there is nothing to finish.
            os._exit(0)
        lanes.drain()

    def let_go() -> None:
        # The broker first: what is held is then another process's at once.
        lanes.abort()
        last.close()

    die = deadly(last.report, let_go)
    end_with_testing_parent()
    on_stop_signal(stop)
    on_error(die)
    watch(
        (
            hanging_photo(wiring.compute, settings.render_seconds),
            silent_peer(wiring.peers, settings.peer_seconds),
        ),
        die,
    )


def remedy(error: BaseException) -> str:
    """What to do about the error that ended the process."""
    if "thread panic" in str(error):
        return "another process of this cluster has ended; restart all of its processes"
    return "read the exception, then restart all processes of the cluster"


def _refuse(error: Exception) -> NoReturn:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)
