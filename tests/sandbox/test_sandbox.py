"""What the sandbox promises: servers that are ready, keep their data, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import pika
import psutil
import psycopg
import pytest
from minio import Minio

from sandbox import Sandbox, Server

SANDBOX = [sys.executable, "-m", "sandbox"]
PROJECT = Path(__file__).parents[2]

WAIT_FOR_TERM = "trap 'exit 42' TERM; echo started; sleep 600 & wait"
COUNT_INTERRUPTS_UNTIL_TERM = """
import signal, sys
awaited = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
print("started", flush=True)
interrupts = 0
while signal.sigwait(awaited) == signal.SIGINT:
    interrupts += 1
    print("interrupted", flush=True)
sys.exit(interrupts)
"""


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python -m sandbox …`, whose temporary folder will be below `tmp_path`."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*SANDBOX, *arguments],
            cwd=PROJECT,
            env=os.environ | {"TMPDIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def offspring_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    offspring = psutil.Process(process.pid).children(recursive=True)
    names = {each.name() for each in offspring}
    assert {"beam.smp", "epmd", "postgres", "rclone"} <= names
    return offspring


def assert_all_gone(processes: list[psutil.Process], folder: Path) -> None:
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []
    assert list(folder.iterdir()) == []


def s3_client(servers: Sandbox) -> Minio:
    variables = servers.s3.environment
    return Minio(
        variables["AUGMENT_S3_ENDPOINT"].removeprefix("http://"),
        variables["AUGMENT_S3_ACCESS_KEY"],
        variables["AUGMENT_S3_SECRET_KEY"],
        region=variables["AUGMENT_S3_REGION"],
        secure=False,
    )


def broker(servers: Sandbox) -> pika.BlockingConnection:
    return pika.BlockingConnection(
        pika.URLParameters(servers.rabbitmq.environment["AUGMENT_AMQP_URL"])
    )


def database(servers: Sandbox) -> psycopg.Connection:
    return psycopg.connect(servers.postgresql.environment["AUGMENT_DATABASE_URL"])


def write_everywhere(servers: Sandbox, text: str) -> None:
    with broker(servers) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        # Not a quorum queue: RabbitMQ 3.10 loses one that is killed in the second it was declared.
        channel.queue_declare("kept", durable=True)
        # And even of this one's definition it leaves the commit mark in its memory, unless another
        # definition follows: the next one's is written with it.
        channel.queue_declare("follows", durable=True)
        channel.basic_publish("", "kept", text.encode(), pika.BasicProperties(delivery_mode=2))
    with database(servers) as session:
        session.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        session.execute("INSERT INTO kept VALUES (%s)", [text])
    store = s3_client(servers)
    if not store.bucket_exists("kept"):
        store.make_bucket("kept")
    store.put_object("kept", text, BytesIO(text.encode()), len(text))


def read_everywhere(servers: Sandbox) -> list[set[str]]:
    """What RabbitMQ (emptied by it), PostgreSQL and S3 hold."""
    messages = set()
    with broker(servers) as connection:
        channel = connection.channel()
        while (body := channel.basic_get("kept", auto_ack=True)[2]) is not None:
            messages.add(body.decode())
    with database(servers) as session:
        rows = {text for (text,) in session.execute("DELETE FROM kept RETURNING text")}
    store = s3_client(servers)
    names = {str(each.object_name) for each in store.list_objects("kept")}
    for name in names:
        store.remove_object("kept", name)
    return [messages, rows, names]


def test_all_servers_answer_as_soon_as_they_are_said_to_be_ready(servers: Sandbox) -> None:
    write_everywhere(servers, "first")
    assert read_everywhere(servers) == [{"first"}] * 3


def test_every_address_of_the_contract_is_exported_with_host_and_port(servers: Sandbox) -> None:
    assert sorted(servers.environment) == [
        "AUGMENT_AMQP_URL",
        "AUGMENT_DATABASE_URL",
        "AUGMENT_S3_ACCESS_KEY",
        "AUGMENT_S3_ENDPOINT",
        "AUGMENT_S3_REGION",
        "AUGMENT_S3_SECRET_KEY",
    ]
    for server in servers.servers:
        assert any(f"127.0.0.1:{server.port}" in value for value in server.environment.values())


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["stopped", "killed"])
def test_a_server_comes_back_on_its_port_with_its_data(
    servers: Sandbox, end: Callable[[Server], None]
) -> None:
    write_everywhere(servers, "durable")
    before = servers.environment
    for server in servers.servers:
        end(server)
        server.restart()
    assert servers.environment == before
    assert read_everywhere(servers) == [{"durable"}] * 3


def test_a_paused_server_is_frozen_whole_and_goes_on_after_it(servers: Sandbox) -> None:
    for server in servers.servers:
        process = psutil.Process(server.pid)
        server.pause()
        try:
            offspring = [process, *process.children(recursive=True)]
            assert {each.status() for each in offspring} == {psutil.STATUS_STOPPED}
        finally:
            server.resume()
    write_everywhere(servers, "awake")
    assert read_everywhere(servers) == [{"awake"}] * 3


def test_two_sandboxes_do_not_disturb_one_another(servers: Sandbox) -> None:
    write_everywhere(servers, "ours")
    with Sandbox() as others:
        write_everywhere(others, "theirs")
        others.rabbitmq.kill()
        others.rabbitmq.restart()
        assert read_everywhere(others) == [{"theirs"}] * 3
    assert read_everywhere(servers) == [{"ours"}] * 3


def test_a_given_folder_holds_everything_and_is_kept(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Sandbox(tmp_path / "mine") as servers:
        processes = [psutil.Process(server.pid) for server in servers.servers]
        for process in processes:
            assert process.cwd().startswith(str(tmp_path / "mine"))
    assert_all_gone(processes, elsewhere)
    assert sorted(each.name for each in (tmp_path / "mine").iterdir()) == [
        "postgresql",
        "rabbitmq",
        "s3",
    ]


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 7", 7), ("setsid sleep 600 & kill -SEGV $$", 128 + signal.SIGSEGV)],
    ids=["exits", "crashes and leaves a daemon"],
)
def test_run_ends_as_its_command_does_and_nothing_is_left(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, command: str, code: int
) -> None:
    running = start("run", "--", "sh", "-c", f'echo "$AUGMENT_S3_REGION"; read go; {command}')
    assert running.stdin is not None
    assert line(running.stdout) == "us-east-1"
    offspring = offspring_of(running)
    running.stdin.write("go\n")
    running.stdin.flush()
    assert running.wait() == code
    assert_all_gone(offspring, tmp_path)


def test_sigterm_goes_on_to_the_command_and_everything_ends(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    running = start("run", "--", "sh", "-c", WAIT_FOR_TERM)
    assert line(running.stdout) == "started"
    offspring = offspring_of(running)
    running.terminate()
    assert running.wait() == 42
    assert_all_gone(offspring, tmp_path)


def test_ctrl_c_reaches_the_command_once_and_everything_ends_with_it(tmp_path: Path) -> None:
    counter = [sys.executable, "-c", COUNT_INTERRUPTS_UNTIL_TERM]
    terminal, theirs = os.openpty()
    running = subprocess.Popen(
        ["setsid", "--ctty", *SANDBOX, "run", "--", *counter],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with running:
        assert line(running.stdout) == "started"
        offspring = offspring_of(running)
        os.write(terminal, b"\x03")
        assert line(running.stdout) == "interrupted"
        running.terminate()
        assert running.wait() == 1  # interrupt, not two
    os.close(terminal)
    os.close(theirs)
    assert_all_gone(offspring, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_start_ends_everything(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    running = start("run", "--", "true")
    assert "is ready" in line(running.stderr)
    offspring = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(number)
    assert running.wait() == 128 + number
    assert_all_gone(offspring, tmp_path)


def test_kill_9_of_the_sandbox_leaves_nothing(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    running = start("run", "--", "sh", "-c", WAIT_FOR_TERM)
    assert line(running.stdout) == "started"
    offspring = offspring_of(running)
    running.kill()
    assert_all_gone(offspring, tmp_path)


def test_up_stays_until_down_and_env_has_its_addresses(tmp_path: Path) -> None:
    def sandbox(verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*SANDBOX, verb],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert "sandbox up" in sandbox("env").stderr
    try:
        assert sandbox("up").returncode == 0
        keeper = psutil.Process(int((tmp_path / ".sandbox" / "keeper.pid").read_text()))
        everything = [keeper, *keeper.children(recursive=True)]
        exports = sandbox("env").stdout
        shell = subprocess.check_output(
            ["sh", "-c", f"{exports}\necho $AUGMENT_DATABASE_URL"], text=True
        )
        with psycopg.connect(shell.strip()) as session:
            assert session.info.dbname == "augmentations"
        assert "runs already" in sandbox("up").stderr
    finally:
        assert sandbox("down").returncode == 0
    assert_all_gone(everything, tmp_path)
