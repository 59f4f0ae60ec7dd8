"""What every test may use: the options, and the fixtures of the `fix_` files by subject."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.fix_sandbox import servers, service_environment

# Here alone: imported in several places, there would be a sandbox for each.
__all__ = ["servers", "service_environment"]

# A loaded machine is no finding: what takes long is the business of bench/.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept-golden",
        action="store_true",
        help="write the golden files instead of comparing with them",
    )


@pytest.fixture
def accept_golden(request: pytest.FixtureRequest) -> bool:
    """True where the golden files are to be written."""
    return bool(request.config.getoption("--accept-golden"))
