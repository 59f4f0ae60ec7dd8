"""Whether a server's clock goes with ours."""

from __future__ import annotations

from colecionador.cli.checks.section import Finding, right, wrong

TOLERANCE_SECONDS = 5.0


def clock_finding(ahead_seconds: float) -> Finding:
    """A line about a server whose clock is so far ahead of this machine's.

    Signed requests to S3 are refused from 15 minutes on; long before that, queue latencies and the
    ages of dead letters are wrong.
    """
    if abs(ahead_seconds) <= TOLERANCE_SECONDS:
        return right("clock", f"within {TOLERANCE_SECONDS:g} s of ours")
    direction = "ahead of" if ahead_seconds > 0 else "behind"
    return wrong(
        "clock", f"{abs(ahead_seconds):.0f} s {direction} ours; let NTP set the clocks of both"
    )
