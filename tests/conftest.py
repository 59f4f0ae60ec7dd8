"""What every test may use: the options, and the fixtures of the `fix_` files by subject."""

from __future__ import annotations

import pytest


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
