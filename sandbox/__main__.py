"""The command line: `python -m sandbox run -- COMMAND`, `up`, `env`, `down`, `install`."""

from __future__ import annotations

import argparse
import sys

from sandbox import background
from sandbox.errors import SandboxError
from sandbox.install import (
    ensure_monitoring,
    ensure_rabbitmq,
    ensure_tls_postgresql,
    ensure_turbojpeg,
)
from sandbox.report import report
from sandbox.run import run

_INSTALLERS = {
    "rabbitmq": ensure_rabbitmq,
    "monitoring": ensure_monitoring,
    "turbojpeg": ensure_turbojpeg,
    "tls-postgresql": ensure_tls_postgresql,
}


def main() -> int:
    """Do what the command line says; the exit code."""
    arguments = _parser().parse_args()
    try:
        return _do(arguments)
    except SandboxError as error:
        report(str(error))
        return 1


def _do(arguments: argparse.Namespace) -> int:
    match arguments.verb:
        case "run":
            return run(arguments.command)
        case "up":
            return background.up()
        case "down":
            return background.down()
        case "env":
            sys.stdout.write(background.export_lines() + "\n")
        case _:
            _INSTALLERS[arguments.what](report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A private RabbitMQ, PostgreSQL and S3 on loopback."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run_verb = verbs.add_parser("run", help="run COMMAND with the servers around it")
    run_verb.add_argument("command", nargs="+", metavar="COMMAND", help="after --")
    verbs.add_parser("up", help="start the servers and leave them running")
    verbs.add_parser("env", help="print the addresses of what `up` started as export lines")
    verbs.add_parser("down", help="take down what `up` started, with its data")
    install_verb = verbs.add_parser("install", help="install what no Python package brings")
    install_verb.add_argument("what", nargs="?", choices=_INSTALLERS, default="rabbitmq")
    return parser


if __name__ == "__main__":
    sys.exit(main())
