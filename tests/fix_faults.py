"""The three servers behind proxies, and what the guarantees' tests ask of a flow under faults."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox import Sandbox
from sandbox.rabbitmq import RabbitMQ, find_server
from tests.failpoints import KILL_AT, LIMITS, TRANSFORM_SECONDS, with_failpoints
from tests.fix_flow import Flow, Flows
from tests.fix_messages import Message
from tests.fix_proxy import Proxy, proxy_to
from tests.fix_service import Service, wait_until
from tests.invariants import Books, check_invariants

HEARTBEAT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Proxies:
    """A proxy for each server."""

    rabbitmq: Proxy
    s3: Proxy
    postgres: Proxy

    def of(self, dependency: str) -> Proxy:
        """By the name that log and metrics have for the server."""
        proxy: Proxy = getattr(self, dependency)
        return proxy

    def settings(self, service: Service) -> dict[str, str]:
        """What leads a flow to the servers by way of the proxies."""
        environment = service.environment
        return {
            "amqp_url": _through(environment["AUGMENT_AMQP_URL"], self.rabbitmq)
            + f"?heartbeat={HEARTBEAT_SECONDS}",
            "s3_endpoint": _through(environment["AUGMENT_S3_ENDPOINT"], self.s3),
            "database_url": _through(environment["AUGMENT_DATABASE_URL"], self.postgres),
        }


def _through(url: str, proxy: Proxy) -> str:
    parts = urlsplit(url)
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return parts._replace(netloc=f"{user}127.0.0.1:{proxy.port}").geturl()


@pytest.fixture
def proxies(servers: Sandbox) -> Iterator[Proxies]:
    """Proxies that pass everything on until they are told otherwise."""
    with ExitStack() as stack:
        rabbitmq, postgres, s3 = (
            stack.enter_context(proxy_to(each.host, each.port))
            for each in (servers.rabbitmq, servers.postgresql, servers.s3)
        )
        yield Proxies(rabbitmq, s3, postgres)


class Failpoints:
    """What the flows that are started from now on have in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PYTHONPATH", with_failpoints(dict(os.environ))["PYTHONPATH"])

    def kill_at(self, point: str | None, count: int = 1) -> None:
        """Kill the process at the count-th time that it comes by this point; None: never."""
        self._monkeypatch.setenv(KILL_AT, f"{point}:{count}" if point else "")

    def shorten(self, **seconds: float) -> None:
        """Make limits short that are no settings."""
        limits = ",".join(f"{name}={value}" for name, value in seconds.items())
        self._monkeypatch.setenv(LIMITS, limits)

    def compute_for(self, seconds: float) -> None:
        """Let one variation of every photo take so long."""
        self._monkeypatch.setenv(TRANSFORM_SECONDS, str(seconds))


@pytest.fixture
def failpoints(monkeypatch: pytest.MonkeyPatch) -> Failpoints:
    """Failpoints in the flows of this test."""
    return Failpoints(monkeypatch)


def rabbitmqctl(broker: RabbitMQ, *arguments: str) -> str:
    """What `rabbitmqctl` says, run against this node."""
    server = find_server()
    assert server is not None
    command = [str(Path(server).with_name("rabbitmqctl")), "--quiet", *arguments]
    done = subprocess.run(
        command, env=broker._variables(), capture_output=True, text=True, check=True
    )
    return done.stdout


def wait_for_successes(service: Service, flow: Flow, count: int) -> None:
    """Return as soon as so many jobs are done; the flow must not have ended before."""

    def are_done() -> bool:
        assert flow.is_running, flow.tail()
        return service.jobs("success") >= count

    wait_until(are_done, f"not {count} jobs are done")


def finish(service: Service, flows: Flows, flow: Flow) -> None:
    """Stop a flow; what it has done and not acked yet, after a broken connection, is left to it."""
    flow.stop()
    if service.waiting():
        flows.drain(service)


def check_that_nothing_was_lost_or_counted(service: Service, sent: list[Message]) -> Books:
    """Every message is a success at its first attempt, with all that belongs to it."""
    books = check_invariants(service, sent)
    assert books.dead_letters == []
    assert {row["attempts"] for row in books.jobs} == {1}
    assert len(books.successes) == len({each.message_id for each in sent})
    return books
