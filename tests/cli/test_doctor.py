"""`augment doctor` finds what is wrong, and says what to do about it."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from colecionador.domain.settings import Settings
from colecionador.imaging.codec import turbojpeg
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


def test_it_says_which_way_jpegs_go(offline: Augment, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = offline("doctor", "--offline").lines_with("JPEGs")
    assert "✓" in line
    assert "in planes, by libturbojpeg.so.0" in line
    monkeypatch.setattr(turbojpeg, "problem", lambda: "not installed; install libturbojpeg0")
    (line,) = offline("doctor", "--offline").lines_with("JPEGs")
    assert "·" in line
    assert "in BGR" in line
    assert "install libturbojpeg0" in line


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


def test_offline_it_checks_settings_memory_and_plan_alone(
    offline: Augment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = offline("doctor", "--offline")
    assert (ran.code, ran.err) == (0, "")
    titles = [line.split(":")[0] for line in ran.out.splitlines() if line[:1] not in ("", " ")]
    assert titles == ["Settings", "Memory", "Plan", "All is well."]
    monkeypatch.setenv("AUGMENT_BRIGHTNESS_MIN", "250")
    assert "AUGMENT_BRIGHTNESS_MIN" in offline("doctor", "--offline").lines_with("✗")[0]


def test_the_worst_case_of_memory_grows_with_the_settings_until_it_is_a_finding(
    offline: Augment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("colecionador.cli.checks.memory.available_bytes", lambda: 4 * 1024**3)
    assert offline("doctor", "--offline").code == 0
    monkeypatch.setenv("AUGMENT_PREFETCH", "100")
    ran = offline("doctor", "--offline")
    assert ran.code == 1
    (finding,) = ran.lines_with("✗")
    assert "AUGMENT_PREFETCH" in finding


def test_the_brokers_version_and_its_delivery_rule_are_told(augment: Augment) -> None:
    augment("init")
    ran = augment("doctor")
    assert ran.lines_with("✓ version")
    (rule,) = ran.lines_with("delivery limit  ")
    assert "return counts" in rule or "nacks do not" in rule
    assert ran.lines_with("20 returns, a distant backstop")
    assert ran.lines_with("none: looking never drops a letter")


def test_dead_letters_that_looking_would_drop_are_a_finding(
    augment: Augment, settings: Settings, channel: BlockingChannel
) -> None:
    limited = {"x-queue-type": "quorum", "x-max-length": 1000, "x-delivery-limit": 5}
    channel.queue_declare(f"{settings.queue}.dlq", durable=True, arguments=limited)
    augment("init")
    ran = augment("doctor")
    assert ran.code == 1
    (finding,) = ran.lines_with("✗")
    assert "5: the broker drops a letter" in finding


@pytest.mark.parametrize(("ahead_seconds", "word"), [(90.0, "ahead of"), (-90.0, "behind")])
def test_a_clock_that_goes_wrong_is_a_finding(
    augment: Augment, monkeypatch: pytest.MonkeyPatch, ahead_seconds: float, word: str
) -> None:
    augment("init")
    ours = time.time
    monkeypatch.setattr("connectors.postgres.reports.time.time", lambda: ours() - ahead_seconds)
    ran = augment("doctor")
    assert ran.code == 1
    assert len(ran.lines_with(f"90 s {word} ours; let NTP")) == 2


def test_a_database_that_takes_no_rows_is_a_finding_although_every_right_is_held(
    augment: Augment, session: psycopg.Connection
) -> None:
    augment("init")
    session.execute("""
        CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON augmentation_jobs
            FOR EACH STATEMENT EXECUTE FUNCTION full_disk();
        """)
    ran = augment("doctor")
    assert ran.code == 1
    (line,) = ran.lines_with("No space left on device")
    assert "✗ writing" in line
