"""A service of its own for each guarantee, in the run's sandbox, and its processes."""

from __future__ import annotations

from tests.fix_faults import failpoints, proxies
from tests.fix_flow import flows
from tests.fix_service import service

__all__ = ["failpoints", "flows", "proxies", "service"]
