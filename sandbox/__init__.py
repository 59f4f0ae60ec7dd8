"""A private RabbitMQ, PostgreSQL and S3 server, for the demo, the tests and the benchmarks.

    with Sandbox() as servers:
        subprocess.run([...], env=os.environ | servers.environment)
        servers.rabbitmq.kill()
        servers.rabbitmq.restart()

From a shell: `python -m sandbox run -- COMMAND`, or `up`, `env` and `down`. The servers listen on
free loopback ports, keep their files in one folder, and are gone when their owner is, even when it
was killed with SIGKILL.
"""

from sandbox.errors import SandboxError
from sandbox.postgresql import PostgreSQL
from sandbox.rabbitmq import RabbitMQ
from sandbox.s3 import S3
from sandbox.sandbox import Sandbox
from sandbox.server import Server

__all__ = ["S3", "PostgreSQL", "RabbitMQ", "Sandbox", "SandboxError", "Server"]
