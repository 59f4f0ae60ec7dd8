"""How to connect: the connection parameters that the settings' URL gives."""

from __future__ import annotations

import os
import socket
from ssl import CERT_REQUIRED

from pika import URLParameters

from colecionador.domain.settings import Settings

HEARTBEAT_SECONDS = 30
CONNECT_SECONDS = 3.0

_SETTING = "AUGMENT_AMQP_URL=(hidden):"


class BrokerError(Exception):
    """The broker cannot be used; the message says which one, why, and what to do.

    Raised only by the blocking calls that commands make; the lanes reconnect instead.
    """


def connection_parameters(settings: Settings, purpose: str) -> URLParameters:
    """Parameters for one connection, named for this process and its purpose in the broker's lists.

    Time-outs and a heartbeat in the URL count; without them it is 3 s to connect, and 30 s between
    heartbeats. Raises `BrokerError` for a URL that pika does not understand.
    """
    parameters = _parsed(settings.amqp_url.get_secret_value())
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


def _parsed(url: str) -> URLParameters:
    try:
        parameters = URLParameters(url)
    except SyntaxError:
        # Its text would show the options, a key's password among them.
        raise BrokerError(
            f"{_SETTING} ssl_options are no dictionary; "
            "e.g. ?ssl_options={'ca_certs': '/etc/ssl/authority.pem'}, percent-encoded"
        ) from None
    except OSError as error:
        raise BrokerError(
            f"{_SETTING} a file of ssl_options cannot be used ({error.strerror or error}); "
            "name the authority's file, in PEM, in ca_certs"
        ) from None
    except (ValueError, TypeError) as error:
        raise BrokerError(
            f"{_SETTING} {error}; e.g. amqp://user:password@host:5672/vhost"
        ) from None
    tls = parameters.ssl_options
    if tls and not (tls.context.check_hostname and tls.context.verify_mode is CERT_REQUIRED):
        raise BrokerError(
            f"{_SETTING} ssl_options do not check who the broker is; leave `protocol` out of them"
        )
    return parameters


def broker_address(parameters: URLParameters) -> str:
    """Where the broker is, without its password."""
    scheme = "amqps" if parameters.ssl_options else "amqp"
    return f"{scheme}://{parameters.host}:{parameters.port} vhost {parameters.virtual_host}"
