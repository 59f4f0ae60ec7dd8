"""Short-lived blocking connections, for the commands and for declaring the topology."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pika import BlockingConnection
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from colecionador.domain.settings import Settings
from connectors.rabbitmq.parameters import BrokerError, broker_address, connection_parameters


@contextmanager
def blocking_connection(settings: Settings, purpose: str) -> Iterator[BlockingConnection]:
    """A connection for the length of a `with`; raises `BrokerError` where it cannot be had."""
    parameters = connection_parameters(settings, purpose)
    try:
        connection = BlockingConnection(parameters)
    except (AMQPError, AMQPConnectorException, OSError) as error:
        raise BrokerError(
            f"AUGMENT_AMQP_URL: no connection to {broker_address(parameters)} "
            f"({describe_error(error)}); is the broker up, and are user, password and vhost right?"
        ) from error
    try:
        yield connection
    except (AMQPError, OSError) as error:
        raise BrokerError(f"{broker_address(parameters)}: {describe_error(error)}") from error
    finally:
        with suppress(AMQPError, OSError):
            connection.close()


def broker_version(connection: BlockingConnection) -> str:
    """The broker's version as it tells it, e.g. `3.10.8`; empty where it tells none."""
    # Pika's blocking connection keeps what the server said of itself to its inner connection.
    properties = connection._impl.server_properties or {}  # type: ignore[attr-defined]  # noqa: SLF001
    version = properties.get("version", "")
    return version.decode() if isinstance(version, bytes) else str(version)


def describe_error(error: BaseException) -> str:
    """An exception in words; pika's own are often empty or hold another one."""
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
    if inner is not None:
        return describe_error(inner)
    cause = getattr(error, "exceptions", None)
    if cause:
        return describe_error(cause[-1])
    return f"{type(error).__name__}: {error}" if str(error) else repr(error)
