"""The wiring of a process in production: its servers, its telemetry, and how it ends."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import structlog

from colecionador.domain.plan import PlanError, load_plan
from colecionador.domain.settings import Settings, SettingsError, load_settings
from colecionador.imaging.variations import check_operation
from colecionador.imaging.version import plan_version
from connectors.postgres.ledger import PostgresLedger
from connectors.rabbitmq.lanes import RabbitLanes
from connectors.s3.deadline import Timeouts
from connectors.s3.store import S3Store
from connectors.telemetry.endpoint import open_endpoint
from connectors.telemetry.fan_out import FanOut
from connectors.telemetry.log import LogTelemetry
from connectors.telemetry.log_output import configure_logging
from connectors.telemetry.prometheus import PrometheusTelemetry
from flows.cluster import process_index
from flows.stopping import deadly, end_with_testing_parent, on_error, on_stop_signal
from flows.watchdog import hanging_photo, silent_peer, watch
from flows.wiring import Ports, Wiring, wire


def production_wiring() -> Wiring:
    """Wire this process by its settings; ends it with code 2 where they, or the plan, are wrong."""
    try:
        settings = load_settings()
        plan = load_plan(settings.plan, check_operation)
    except (SettingsError, PlanError) as error:
        _refuse(error)
    configure_logging(settings)
    metrics = PrometheusTelemetry(plan.categorias)
    telemetry = FanOut((metrics, LogTelemetry()))
    lanes = RabbitLanes(settings, telemetry, start_paused=True)
    ports = Ports(
        lanes=lanes,
        store=S3Store(settings, telemetry, Timeouts(silence=settings.s3_timeout_seconds)),
        ledger=PostgresLedger(
            settings.database_url.get_secret_value(), settings.database_pool, telemetry
        ),
        telemetry=telemetry,
    )

    def start() -> None:
        open_endpoint(metrics.registry, settings.metrics_port, process_index(), telemetry)

    wiring = wire(settings, plan, plan_version(plan, settings), ports, start)
    _say_how_to_end(wiring, lanes, settings)
    return wiring


def _say_how_to_end(wiring: Wiring, lanes: RabbitLanes, settings: Settings) -> None:
    def stop() -> None:
        if not wiring.workers.started:
            # Bytewax still waits for a cluster peer: there is nothing to finish.
            os._exit(0)
        lanes.drain()

    def report(error: BaseException) -> None:
        structlog.get_logger().error("Process failed", remedy=remedy(error), exc_info=error)

    die = deadly(report, lanes.abort)
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
