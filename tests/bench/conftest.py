"""A service of its own for each contender, in the run's sandbox."""

from __future__ import annotations

from tests.fix_flow import flows
from tests.fix_service import service

__all__ = ["flows", "service"]
