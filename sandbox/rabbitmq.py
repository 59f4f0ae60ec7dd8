"""A private RabbitMQ node: its own name, cookie, port mapper and ports, all on loopback."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from signal import SIGKILL

import pika
from pika.exceptions import AMQPError

from sandbox import ports
from sandbox.errors import SandboxError
from sandbox.process import Launch, Process
from sandbox.server import Server

# What is behind Debian's /usr/sbin/rabbitmq-server, which would change to the user `rabbitmq` and
# the system's folders.
_DEBIAN_SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server"

# A memory or disk alarm would block publishers, which is a fault that tests make on purpose or not
# at all. A smaller write-ahead log keeps many nodes on one machine from filling its memory.
_CONFIGURATION = """\
listeners.tcp.1 = {host}:{port}
log.console = false
log.file.level = info
vm_memory_high_watermark.relative = 1.0
disk_free_limit.absolute = 1MB
raft.wal_max_size_bytes = 67108864
"""


def find_server() -> str | None:
    """The path of RabbitMQ's own start script, or None where RabbitMQ is not installed."""
    return shutil.which(_DEBIAN_SCRIPT) or shutil.which("rabbitmq-server")


class RabbitMQ(Server):
    """A RabbitMQ node, open to guest/guest. `stop`, `kill` and `pause` spare its port mapper.

    RabbitMQ 3.10 itself loses a quorum queue whose node is killed within about a second of the
    queue's declaration: it never has a leader again. A test that kills declares well before. Of
    a classic queue it can forget the definition: the mark that its transaction was committed waits
    in memory for the next definition, and without it recovery leaves the queue out.
    """

    name = "RabbitMQ"

    def __init__(self, directory: Path, holding: tuple[int, ...] = ()) -> None:
        super().__init__(directory, holding)
        self._reserved += [ports.reserve(), ports.reserve()]
        self._mapper_port, self._distribution_port = (port.number for port in self._reserved[1:])
        self._mapper: Process | None = None

    @property
    def environment(self) -> dict[str, str]:
        """`AUGMENT_AMQP_URL`, on the virtual host `/`."""
        return {"AUGMENT_AMQP_URL": f"amqp://guest:guest@{self.host}:{self.port}/%2F"}

    def _prepare(self) -> None:
        configuration = _CONFIGURATION.format(host=self.host, port=self.port)
        (self.directory / "rabbitmq.conf").write_text(configuration)
        (self.directory / "enabled_plugins").write_text("[].\n")
        cookie = self.directory / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(secrets.token_hex(20))
        self._start_mapper()

    def _start_mapper(self) -> None:
        # Before the node: Erlang would otherwise start a mapper as a daemon that outlives it.
        if self._mapper is not None and self._mapper.poll() is None:
            return
        command = ["epmd", "-port", str(self._mapper_port), "-address", self.host]
        self._mapper = self._launch(self._launch_of(command))
        self._wait_until(lambda: ports.accepts_connections(self._mapper_port), self._mapper)

    def _command(self) -> Launch:
        server = find_server()
        if server is None:
            raise SandboxError("RabbitMQ is not installed: python -m sandbox install")
        return self._launch_of([server])

    def _answers(self) -> bool:
        # pika logs a refused connection as an error, so it is tried only where one is accepted.
        if not ports.accepts_connections(self.port):
            return False
        try:
            pika.BlockingConnection(
                pika.ConnectionParameters(self.host, self.port, socket_timeout=5, heartbeat=0)
            ).close()
        except (AMQPError, OSError):
            return False
        return True

    def _launch_of(self, command: list[str]) -> Launch:
        return Launch(command, self._variables(), self.directory, self.log, SIGKILL, self._holding)

    def _variables(self) -> dict[str, str]:
        here = self.directory
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return inherited | {
            "HOME": str(here),  # where Erlang looks for its cookie
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": self.host,
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": f"sandbox-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_PID_FILE": str(here / "node.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # The script then becomes the node instead of waiting beside it: one process id.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_START_ARGS": "-noinput",
        }
