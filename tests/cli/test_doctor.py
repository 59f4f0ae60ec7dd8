"""`augment doctor` finds what is wrong, and says what to do about it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.domain.settings import Settings
from sandbox import Sandbox
from tests.cli.augment import Augment


def test_all_is_well_after_init(augment: Augment, settings: Settings) -> None:
    augment("init")
    ran = augment("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.rstrip().endswith("All is well.")
    assert "✗" not in ran.out
    for server in ("RabbitMQ", "S3", "PostgreSQL"):
        (title,) = [line for line in ran.out.splitlines() if line.startswith(f"{server}: ")]
        assert " ms" in title
    for name in type(settings).model_fields:
        assert ran.lines_with(f"AUGMENT_{name.upper()} "), name


def test_before_init_each_finding_names_the_remedy_and_nothing_is_made(augment: Augment) -> None:
    first, second = augment("doctor"), augment("doctor")
    assert first.code == second.code == 1
    findings = first.lines_with("✗")
    assert f"{len(findings)} findings" in first.err
    assert len(findings) == len(second.lines_with("✗")) == 8
    assert all("augment init" in finding for finding in findings)


def test_no_secret_is_shown_and_every_server_that_is_down_is_named(offline: Augment) -> None:
    ran = offline("doctor")
    assert ran.code == 1
    for secret in ("broker-secret", "store-secret", "database-secret"):
        assert secret not in ran.out + ran.err
    assert ran.lines_with("amqp://user:(hidden)@127.0.0.1:1/")
    findings = "\n".join(ran.lines_with("✗"))
    for named in ("AUGMENT_AMQP_URL", "AUGMENT_S3_ENDPOINT", "AUGMENT_DATABASE_URL"):
        assert named in findings


def test_a_work_queue_of_others_is_no_fault_but_a_wait_room_with_another_delay_is(
    augment: Augment, settings: Settings, channel: BlockingChannel
) -> None:
    channel.queue_declare(settings.queue, durable=True)
    channel.queue_declare(f"{settings.queue}.retry.5s", durable=True)
    augment("init")
    ran = augment("doctor")
    assert ran.code == 1
    (finding,) = ran.lines_with("✗")
    assert f"{settings.queue}.retry.5s" in finding
    assert "delete it, and run: augment init" in finding
    (work,) = ran.lines_with(f"work {settings.queue}")
    assert "used as it is" in work


def test_a_missing_bucket_is_named_with_its_setting(
    augment: Augment, monkeypatch: pytest.MonkeyPatch
) -> None:
    augment("init")
    monkeypatch.setenv("AUGMENT_SOURCE_BUCKET", "nowhere")
    ran = augment("doctor")
    assert ran.code == 1
    (finding,) = ran.lines_with("✗")
    assert 'bucket "nowhere"' in finding
    assert "create it" in finding


def test_a_database_right_that_is_missing_is_told_as_the_grant_that_gives_it(
    augment: Augment,
    settings: Settings,
    servers: Sandbox,
    session: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    augment("init")
    session.execute("CREATE ROLE reader LOGIN")
    session.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    url = settings.database_url.get_secret_value().replace("postgres@", "reader@")
    monkeypatch.setenv("AUGMENT_DATABASE_URL", url)
    ran = augment("doctor")
    assert ran.code == 1
    assert ran.lines_with('GRANT INSERT, UPDATE ON augmentation_jobs TO "reader"')
    grants = [line.split("owner: ")[1] for line in ran.lines_with("GRANT")]
    for grant in grants:
        session.execute(grant.encode())
    assert augment("doctor").code == 0
    session.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_every_mistake_in_a_plan_is_told(
    augment: Augment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    augment("init")
    plan = tmp_path / "plan.toml"
    plan.write_text('[base.blur]\noperation = "no_such"\n[other]\n')
    monkeypatch.setenv("AUGMENT_PLAN", str(plan))
    ran = augment("doctor")
    assert ran.code == 1
    findings = "\n".join(ran.lines_with("✗"))
    assert "base.blur" in findings
    assert "other: unknown" in findings


def test_settings_that_contradict_each_other_are_found(
    augment: Augment, monkeypatch: pytest.MonkeyPatch
) -> None:
    augment("init")
    monkeypatch.setenv("AUGMENT_BRIGHTNESS_MIN", "250")
    monkeypatch.setenv("AUGMENT_ALLOWED_BUCKETS", "elsewhere")
    ran = augment("doctor")
    assert ran.code == 1
    findings = "\n".join(ran.lines_with("✗"))
    assert "AUGMENT_BRIGHTNESS_MIN" in findings
    assert "AUGMENT_ALLOWED_BUCKETS" in findings
