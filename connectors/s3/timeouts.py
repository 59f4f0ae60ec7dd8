"""How long a request to the S3 server may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a request may take, in seconds."""

    connect: float = 5.0
    """To find the host, to connect and for the TLS handshake, together."""
    silence: float = 15.0
    """Without a byte sent or received, in whole seconds, rounded up. libcurl looks at the mean of
    the last few, so that after many bytes it ends up to 8 s later."""
    whole: float = 120.0
    """From the start of the connection to the last byte received; at 64 MiB that is 4.5 Mbit/s."""
