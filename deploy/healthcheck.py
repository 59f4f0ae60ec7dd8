"""The image's health check: does this container's process answer on its metrics endpoint?

A server that is down is no reason to restart the service, which waits that out by itself. So only
the process is judged. Where the endpoint is off (`AUGMENT_METRICS_PORT=0`) there is nothing to
ask, and the process counts as healthy for as long as it runs.
"""

from __future__ import annotations

import http.client
import os
import sys

DEFAULT_PORT = "9464"
TIMEOUT_SECONDS = 4.0
"""Below the time-out that the Dockerfile gives the whole check."""


def main() -> int:
    """0 where it is healthy; 1 with a line that says why not."""
    port = int(os.environ.get("AUGMENT_METRICS_PORT", DEFAULT_PORT))
    if port == 0:
        return 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/metrics")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"no answer on port {port}: {error!r}\n")
        return 1
    finally:
        connection.close()
    if status != http.client.OK:
        sys.stdout.write(f"HTTP {status} on port {port}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
