"""The image's health check: does this container's process say that it is alive?

It asks `/healthz`, where the process says whether its own parts move. A server that is down is no
reason to restart the service, which waits that out by itself. Where the endpoint is off
(`AUGMENT_METRICS_PORT=0`) there is nothing to ask, and the process counts as healthy for as long
as it runs.
"""

from __future__ import annotations

import http.client
import os
import sys

DEFAULT_PORT = "9464"
PATH = "/healthz"
TIMEOUT_SECONDS = 4.0
"""Below the time-out that the Dockerfile gives the whole check."""


def main() -> int:
    """0 where it is healthy; 1 with a line that says why not."""
    port = int(os.environ.get("AUGMENT_METRICS_PORT", DEFAULT_PORT))
    if port == 0:
        return 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"no answer on port {port}: {error!r}\n")
        return 1
    finally:
        connection.close()
    if answer.status != http.client.OK:
        sys.stdout.write(f"HTTP {answer.status} on port {port}: {body}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
