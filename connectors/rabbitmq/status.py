"""Whether the broker is up, as this process sees it over its two connections."""

from __future__ import annotations

from colecionador.domain.events import Dependency, DependencyChanged
from colecionador.domain.ports import Telemetry


class BrokerStatus:
    """Up while every connection is; told to telemetry once for each change."""

    def __init__(self, telemetry: Telemetry, connections: tuple[str, ...]) -> None:
        self._telemetry = telemetry
        self._down: dict[str, str] = dict.fromkeys(connections, "not connected yet")
        self._told: bool | None = None

    @property
    def reason(self) -> str | None:
        """Why it is down; None while it is up."""
        return next((f"{name}: {why}" for name, why in self._down.items()), None)

    def up(self, connection: str) -> None:
        """This connection works."""
        self._down.pop(connection, None)
        if not self._down:
            self._tell(True, "")

    def down(self, connection: str, reason: str) -> None:
        """This connection does not work, and why."""
        self._down[connection] = reason
        self._tell(False, f"{connection}: {reason}")

    def _tell(self, up: bool, reason: str) -> None:
        if up is not self._told:
            self._told = up
            self._telemetry.emit(DependencyChanged(Dependency.RABBITMQ, up, reason))
