"""One sandbox for all guarantees, and in it a service of its own for each test."""

from __future__ import annotations

from tests.fix_flow import flows
from tests.fix_sandbox import servers
from tests.fix_service import service

__all__ = ["flows", "servers", "service"]
