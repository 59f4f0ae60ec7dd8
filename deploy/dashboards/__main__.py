"""Writes the dashboards into a folder: `python -m deploy.dashboards FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.dashboards.rabbitmq import rabbitmq_dashboard
from deploy.dashboards.service import service_dashboard

FILES = {"service.json": service_dashboard, "rabbitmq.json": rabbitmq_dashboard}


def main() -> None:
    """Write every file anew."""
    folder = Path(sys.argv[1])
    for name, generate in FILES.items():
        (folder / name).write_text(generate(), encoding="utf-8")


if __name__ == "__main__":
    main()
