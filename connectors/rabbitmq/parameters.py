"""How to connect: the connection parameters that the settings' URL gives."""

from __future__ import annotations

import os
import socket

from pika import URLParameters

from colecionador.domain.settings import Settings

HEARTBEAT_SECONDS = 30
CONNECT_SECONDS = 3.0


class BrokerError(Exception):
    """The broker cannot be used; the message says which one, why, and what to do.

    Raised only by the blocking calls that commands make; the lanes reconnect instead.
    """


def connection_parameters(settings: Settings, purpose: str) -> URLParameters:
    """Parameters for one connection, named for this process and its purpose in the broker's lists.

    Time-outs and a heartbeat in the URL count; without them it is 3 s to connect, and 30 s between
    heartbeats. Raises `BrokerError` for a URL that pika does not understand.
    """
    try:
        parameters = URLParameters(settings.amqp_url.get_secret_value())
    except (ValueError, TypeError) as error:
        raise BrokerError(
            f"AUGMENT_AMQP_URL=(hidden): {error}; e.g. amqp://user:password@host:5672/vhost"
        ) from error
    if parameters.heartbeat is None:
        parameters.heartbeat = HEARTBEAT_SECONDS
    if parameters.socket_timeout == URLParameters.DEFAULT_SOCKET_TIMEOUT:
        parameters.socket_timeout = CONNECT_SECONDS
    if parameters.stack_timeout == URLParameters.DEFAULT_STACK_TIMEOUT:
        # For the greeting too: a broker that accepts and says nothing is none.
        parameters.stack_timeout = CONNECT_SECONDS
    name = f"augment {socket.gethostname()}:{os.getpid()} {purpose}"
    parameters.client_properties = {
        **(parameters.client_properties or {}),
        "connection_name": name,
    }
    return parameters


def broker_address(parameters: URLParameters) -> str:
    """Where the broker is, without its password."""
    scheme = "amqps" if parameters.ssl_options else "amqp"
    return f"{scheme}://{parameters.host}:{parameters.port} vhost {parameters.virtual_host}"
