"""`augment status` shows the queues, the jobs, and one item in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.domain.settings import Settings
from connectors.postgres.ledger import PostgresLedger
from connectors.telemetry.fan_out import FanOut
from tests.cli.augment import Augment
from tests.cli.terminal import on_terminal
from tests.conformance.ledger_items import PLAN, a_completed, a_failed, an_item, skipped, stored


@pytest.fixture
def ledger(augment: Augment, settings: Settings) -> Iterator[PostgresLedger]:
    """The ledger of a service that was set up."""
    augment("init")
    ledger = PostgresLedger(settings.database_url.get_secret_value(), 2, FanOut(()))
    yield ledger
    ledger.close()


def test_status_shows_every_queue_with_what_waits_in_it(
    augment: Augment, settings: Settings, channel: BlockingChannel
) -> None:
    augment("init")
    channel.confirm_delivery()
    for queue, count in ((settings.queue, 3), (f"{settings.queue}.dlq", 2)):
        for _ in range(count):
            channel.basic_publish("", queue, b"{}")
    ran = augment("status")
    assert ran.code == 0
    rows = [line.split() for line in ran.lines_with("ImageAugmentations")]
    assert rows == [
        [settings.queue, "3"],
        [f"{settings.queue}.retry.5s", "0"],
        [f"{settings.queue}.retry.10s", "0"],
        [f"{settings.queue}.dlq", "2"],
    ]


def test_status_counts_jobs_and_tells_the_last_errors(
    augment: Augment, ledger: PostgresLedger
) -> None:
    good, waiting, bad = (an_item(f"m-{n}", item_id=n) for n in (1, 2, 3))
    ledger.register([good, waiting, bad], PLAN)
    ledger.commit([a_completed(good)])
    ledger.record([(a_failed(bad, error="object [red]gone[/red] :smile:"), True)])
    ran = augment("status")
    header = next(i for i, line in enumerate(ran.out.splitlines()) if "processing" in line)
    counts = ran.out.splitlines()[header + 1].split()
    assert counts[:3] == ["1", "1", "1"]
    (error,) = ran.lines_with("item 3")
    assert error.endswith("failed, attempt 1  source_missing: object [red]gone[/red] :smile:")


def test_status_of_an_item_shows_its_job_its_variations_and_its_timings(
    augment: Augment, ledger: PostgresLedger
) -> None:
    item = an_item("m-7", item_id=7)
    ledger.register([item], PLAN)
    ledger.commit([a_completed(item, variations=[stored("rotate_90"), skipped("blur")])])
    ran = augment("status", "7")
    assert ran.code == 0
    assert ran.lines_with("item 7, moedas, success")
    assert ran.lines_with("4000×3000, 4.1 MB")
    assert ran.lines_with("queue 4 ms, download 10 ms, decode 20 ms")
    (kept,), (left_out,) = ran.lines_with("rotate_90"), ran.lines_with("blur: does not decode")
    assert "training/moedas/7/5f76ba0da7c2-9f2c41d0/rotate_90.jpg" in kept
    assert "invalid_format" in left_out


def test_status_of_a_failed_item_says_why(augment: Augment, ledger: PostgresLedger) -> None:
    item = an_item("m-8", item_id=8, attempt=3)
    ledger.register([item], PLAN)
    ledger.record([(a_failed(item), True)])
    ran = augment("status", "8")
    assert ran.lines_with("item 8, moedas, failed")
    assert ran.lines_with("source_missing: images/originals/7.jpg: no such object")


def test_an_unknown_item_is_a_finding(augment: Augment) -> None:
    augment("init")
    ran = augment("status", "99")
    assert ran.code == 1
    assert "item 99 is not known" in ran.err


def test_status_before_init_says_what_to_run(augment: Augment) -> None:
    ran = augment("status")
    assert ran.code == 1
    assert len(ran.lines_with("missing")) == 5
    assert "run: augment init" in ran.err


def test_half_a_picture_is_shown_where_one_server_is_down(
    augment: Augment, monkeypatch: pytest.MonkeyPatch
) -> None:
    augment("init")
    with monkeypatch.context() as patched:
        patched.setenv("AUGMENT_AMQP_URL", "amqp://127.0.0.1:1/")
        without_broker = augment("status")
    monkeypatch.setenv("AUGMENT_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    without_database = augment("status")
    assert (without_broker.code, without_database.code) == (1, 1)
    assert without_broker.lines_with("processing")
    assert "amqp://127.0.0.1:1" in without_broker.err
    assert without_database.lines_with("ImageAugmentations")
    assert "PostgreSQL" in without_database.err


def test_status_estimates_the_time_left_and_what_is_in_flight(
    augment: Augment, ledger: PostgresLedger, settings: Settings, channel: BlockingChannel
) -> None:
    items = [an_item(f"m-{n}", item_id=n) for n in range(1, 7)]
    ledger.register(items, PLAN)
    now = datetime.now(UTC)
    ledger.commit([replace(a_completed(item), completed_at=now) for item in items[:3]])
    channel.confirm_delivery()
    for queue in (settings.queue, settings.queue, f"{settings.queue}.retry.10s"):
        channel.basic_publish("", queue, b"{}")
    ran = augment("status")
    header = next(i for i, line in enumerate(ran.out.splitlines()) if "processing" in line)
    # Two wait in the queue, one in a wait room, two are in flight; three took five minutes.
    assert ran.out.splitlines()[header + 1].split() == ["3", "3", "0", "0.01", "2", "0:08:20"]


def test_the_live_view_follows_what_happens_until_ctrl_c(
    augment: Augment, settings: Settings, channel: BlockingChannel
) -> None:
    augment("init")
    channel.confirm_delivery()
    with on_terminal("status", "--watch") as terminal:
        seen = terminal.await_text(r"S3 +\d+ ms +.*up")
        for word in ("RabbitMQ", "PostgreSQL", "in flight", "time left", settings.queue):
            assert word in seen
        for _ in range(3):
            channel.basic_publish("", settings.queue, b"{}")
        terminal.await_text(rf"{settings.queue} +3\b")
        assert terminal.interrupt() == 0


def test_the_live_view_shows_a_server_that_is_down_and_goes_on(
    augment: Augment, monkeypatch: pytest.MonkeyPatch
) -> None:
    augment("init")
    monkeypatch.setenv("AUGMENT_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    with on_terminal("status", "--watch") as terminal:
        for _ in range(2):
            assert "ImageAugmentations" in terminal.await_text("Connection refused")
        assert terminal.interrupt() == 0


def test_an_item_cannot_be_watched(augment: Augment) -> None:
    assert augment("status", "7", "--watch").code == 2
