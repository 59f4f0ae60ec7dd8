"""`python -m sandbox up`, `env` and `down`: servers that stay while you work.

A keeper process in the background owns the servers; `.sandbox/` in the working directory has their
files, the keeper's process id, which it also holds a lock on, and their addresses.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import signal
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.report import report
from sandbox.run import ENDING_SIGNALS, Interrupted, interruptible
from sandbox.sandbox import Sandbox

DIRECTORY = Path(".sandbox")

_KEEPER = DIRECTORY / "keeper.pid"
_ENVIRONMENT = DIRECTORY / "environment.json"
_READY = b"ready"


def up() -> int:
    """Start the servers and leave them running; 0 when they are ready, or were already."""
    if _running_keeper() is not None:
        report("runs already; its addresses: python -m sandbox env")
        return 0
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir()
    reading, writing = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(reading)
        _keep(writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as answer:
            if answer.read() != _READY:
                return 1
    except KeyboardInterrupt:
        os.kill(keeper, signal.SIGTERM)
        os.waitpid(keeper, 0)
        return 128 + signal.SIGINT
    report('addresses: eval "$(python -m sandbox env)"; the end: python -m sandbox down')
    return 0


def down() -> int:
    """Take the servers down and remove their files; nothing happens when none run."""
    keeper = _running_keeper()
    if keeper is not None:
        lock = os.open(_KEEPER, os.O_RDONLY)
        os.kill(keeper, signal.SIGTERM)
        fcntl.flock(lock, fcntl.LOCK_EX)  # the keeper's last act is to let go of it
        os.close(lock)
        report("taken down")
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    return 0


def export_lines() -> str:
    """The addresses as shell `export` lines; `SandboxError` when no servers run."""
    if _running_keeper() is None:
        raise SandboxError(f"no servers run from {DIRECTORY.absolute()}: python -m sandbox up")
    environment: dict[str, str] = json.loads(_ENVIRONMENT.read_text())
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())


def _running_keeper() -> int | None:
    # A process id alone may be another's by now; the lock is the keeper's.
    try:
        lock = os.open(_KEEPER, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(_KEEPER.read_text())
    finally:
        os.close(lock)
    return None


def _keep(ready: int) -> None:
    """Own the servers until a signal, in the forked child; never returns."""
    code = 1
    os.setsid()
    with _KEEPER.open("w") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        keeper.write(str(os.getpid()))
        keeper.flush()
        try:
            with interruptible(), Sandbox(DIRECTORY, report=report) as servers:
                _ENVIRONMENT.write_text(json.dumps(servers.environment, indent=2))
                _leave_the_terminal()
                os.write(ready, _READY)
                os.close(ready)
                signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
                signal.sigwait(ENDING_SIGNALS)
            code = 0
        except Interrupted as interrupted:
            code = interrupted.exit_code
        except SandboxError as error:
            report(str(error))
    os._exit(code)


def _leave_the_terminal() -> None:
    # Or whoever reads the output of `up` would wait for its end for ever.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
