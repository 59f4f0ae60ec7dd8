"""The broker: the topology as it is, against the topology as it should be."""

from __future__ import annotations

import time
from uuid import uuid4

from pika import BlockingConnection
from pika.exceptions import ChannelClosedByBroker

from colecionador.cli.checks.delivery_limit import check_delivery_limits
from colecionador.cli.checks.section import Finding, Section, note, right, wrong
from colecionador.domain.settings import Settings
from connectors.rabbitmq.blocking import blocking_connection, broker_version
from connectors.rabbitmq.parameters import BrokerError, broker_address, connection_parameters
from connectors.rabbitmq.queues import QueueSpec, queue_specs
from connectors.rabbitmq.topology import major_version

NOT_FOUND = 404
OLDEST = (3, 10)
ALARM_SECONDS = 0.3
"""How long after a publish the broker may take to say that it blocks publishers."""


def check_broker(settings: Settings) -> Section:
    """Every queue of the settings, each looked at without making or changing it."""
    try:
        address = broker_address(connection_parameters(settings, "doctor"))
    except BrokerError as error:
        return Section("RabbitMQ", (wrong("address", str(error)),))
    try:
        with blocking_connection(settings, "doctor") as connection:
            version = broker_version(connection)
            latency_ms = _latency_ms(connection)
            specs = queue_specs(settings, major_version(version))
            queues = [_queue(connection, spec) for spec in specs]
            publishing = _publishing(connection)
        limits = check_delivery_limits(settings, specs, version)
    except BrokerError as error:
        return Section(f"RabbitMQ: {address}", (wrong("connection", str(error)),))
    title = f"RabbitMQ: {address}, version {version or 'unknown'}, {latency_ms:.1f} ms"
    return Section(title, (_version(version), *queues, publishing, *limits))


def _version(version: str) -> Finding:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not numbers:
        return note("version", "not told")
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return wrong(
            "version", f"{version}: too old for at-least-once dead-lettering; run {oldest} or later"
        )
    return right("version", f"{version}: has all that is needed")


def _latency_ms(connection: BlockingConnection) -> float:
    """Of opening a channel: one round trip."""
    started = time.perf_counter()
    connection.channel().close()
    # Two round trips: open and close.
    return (time.perf_counter() - started) * 1000 / 2


def _publishing(connection: BlockingConnection) -> Finding:
    """Whether it takes messages: a broker short of memory or disk says so to who publishes."""
    reasons: list[str] = []
    connection.add_on_connection_blocked_callback(
        lambda _, frame: reasons.append(str(frame.method.reason))
    )
    # To a queue that is nobody's, and not mandatory: the broker drops it.
    connection.channel().basic_publish("", f"augment-doctor-{uuid4()}", b"")
    connection.process_data_events(ALARM_SECONDS)
    if reasons:
        return wrong("publishing", f"the broker takes none, {reasons[0]}; give it memory or disk")
    return right("publishing", "the broker takes messages")


def _queue(connection: BlockingConnection, spec: QueueSpec) -> Finding:
    subject = f"{spec.role} {spec.name}"
    channel = connection.channel()
    try:
        messages = channel.queue_declare(spec.name, passive=True).method.message_count
        # On a queue that exists this makes nothing: the broker compares, and refuses what differs.
        channel.queue_declare(spec.name, durable=True, arguments=dict(spec.arguments))
    except ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            return wrong(subject, "missing; run: augment init")
        return _different(subject, spec, error.reply_text)
    channel.close()
    return right(subject, f"there, {messages} messages ready")


def _different(subject: str, spec: QueueSpec, difference: str) -> Finding:
    if spec.role == "wait room":
        # Nobody else has a use for one: with another delay or way back, retries go astray.
        return wrong(subject, f"{difference}; let it drain, delete it, and run: augment init")
    return note(subject, f"there, with other arguments, and used as it is: {difference}")
