"""Planted passwords and keys are looked for in whatever a process says, while everything fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.fix_flow import PROJECT, Flow, Flows
from tests.fix_messages import Message, message
from tests.fix_service import Service, wait_until
from tests.free_port import free_port

AMQP_PASSWORD, DATABASE_PASSWORD = "planted%2Famqp-7f", "planted%2Fdatabase-7f"
SECRETS = ("planted%2F", "planted/", "-7f", "sandbox-secret")
"""As they are written in an address, and as they are."""


def with_password(url: str, password: str) -> str:
    """The address with this password, whether it had one or not."""
    scheme, _, rest = url.partition("://")
    user, _, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}:{password}@{place}"


def secret_files(service: Service, folder: Path, **values: str) -> dict[str, str]:
    """Settings that name files with these secrets in the place of the service's own variables."""
    settings = {}
    for name, value in values.items():
        service.environment.pop(f"AUGMENT_{name.upper()}", None)
        (folder / name).write_text(value + "\n")
        settings[f"{name}_file"] = str(folder / name)
    return settings


def assert_no_secret(where: str, texts: Iterable[object]) -> None:
    for text in texts:
        shown = str(text)
        assert not [secret for secret in SECRETS if secret in shown], f"{where}: {shown}"


def assert_says_nothing(flow: Flow) -> None:
    assert flow.lines, flow.tail()
    assert_no_secret("the log", flow.output)


@pytest.fixture
def planted(service: Service, tmp_path: Path) -> dict[str, str]:
    """Secrets in files; the database's server takes any password, the object store has its own."""
    return secret_files(
        service,
        tmp_path,
        s3_secret_key=service.environment["AUGMENT_S3_SECRET_KEY"],
        database_url=with_password(service.environment["AUGMENT_DATABASE_URL"], DATABASE_PASSWORD),
    )


def test_a_run_with_failures_tells_no_secret_anywhere(
    service: Service, flows: Flows, planted: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    flow = flows.start(service, log_level="DEBUG", max_attempts=2, metrics_port=port, **planted)
    # What its process reads from files, the test's own eyes need too.
    service.environment |= {
        "AUGMENT_S3_SECRET_KEY": (tmp_path / "s3_secret_key").read_text().strip(),
        "AUGMENT_DATABASE_URL": (tmp_path / "database_url").read_text().strip(),
    }
    service.submit([1, 2])
    service.put(3, b"\xff\xd8 no photograph")
    service.send([message(3), message(4), message(5, bucket="elsewhere"), Message("x", b"{")])
    flow.wait_for("Item processed", 2)
    flow.wait_for("Item dead-lettered", 4)
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert_no_secret("the metrics", answer.read().decode().splitlines())
    with service.session() as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'augment' AND datname = current_database()"
        )
    service.submit([6])
    flow.wait_for("Item processed", 3)
    flow.stop()
    assert_says_nothing(flow)
    assert_no_secret("the rows", (row for row in service.rows("augmentation_jobs")))
    letters = service.dead_letters()
    assert len(letters) == 4
    assert_no_secret("the dead letters", (letter.headers for letter in letters))


def test_servers_that_refuse_the_service_make_it_tell_no_secret(
    service: Service, flows: Flows, planted: dict[str, str], tmp_path: Path
) -> None:
    amqp_url = service.environment["AUGMENT_AMQP_URL"]
    refused = planted | secret_files(
        service, tmp_path, amqp_url=with_password(amqp_url, AMQP_PASSWORD)
    )
    database_url = (tmp_path / "database_url").read_text().strip()
    (tmp_path / "database_url").write_text(database_url + "_that_is_not_there")
    (tmp_path / "s3_secret_key").write_text("planted/s3-7f")
    flow = flows.start(service, log_level="DEBUG", **refused)
    for dependency in ("s3", "postgres"):
        flow.wait_for("Dependency down", dependency=dependency)
    wait_until(lambda: "rabbitmq" in "".join(flow.output), "the broker is named")
    with ThreadPoolExecutor() as pool:
        verbs = ("doctor", "status", "init")
        commands = list(pool.map(lambda verb: _augment(service, refused, verb), verbs))
    flow.kill()
    flow.close()
    service.environment |= {
        "AUGMENT_AMQP_URL": amqp_url,
        "AUGMENT_DATABASE_URL": database_url,
        "AUGMENT_S3_SECRET_KEY": "unused",
    }
    assert_says_nothing(flow)
    for done in commands:
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert_no_secret("a command", (done.stdout + done.stderr).splitlines())


def _augment(
    service: Service, settings: dict[str, str], verb: str
) -> subprocess.CompletedProcess[str]:
    named = {f"AUGMENT_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "colecionador.cli", verb],
        env=service.environment | named | {"COLUMNS": "300"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
