"""Runs one command, and takes it down with all its offspring when the sandbox is gone.

A death signal alone is not enough: it is bound to the *thread* that started the child, and
grandchildren (Erlang's port programs, PostgreSQL's backends) do not have it. So each command has
a warden between it and the sandbox: a subreaper, to which every orphan below it falls, and which
sees the sandbox die by the end of a socket that only the sandbox holds.

Started as a script with nothing but the standard library, so that it costs 15 ms:
`warden.py LIFELINE_FD TAKEDOWN_SIGNAL own|shared COMMAND…`; `own` gives the command a session of
its own. Writes the command's process id to the lifeline, and ends with the command's exit code
(128 + signal number when a signal ended it).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_SECONDS = 5.0
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Run the command to its end or the sandbox's, and return the command's exit code."""
    lifeline, takedown = int(sys.argv[1]), signal.Signals(int(sys.argv[2]))
    own_session, command = sys.argv[3] == "own", sys.argv[4:]
    _keep_open_descriptors_to_ourselves()
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child_ended = _wake_up_on_child_end()

    child = os.fork()
    if child == 0:
        _become(command, own_session=own_session)
    os.write(lifeline, b"%d\n" % child)

    status = _watch(child, lifeline, child_ended)
    if status is None:
        status = _take_down(child, takedown, child_ended)
    _kill_offspring()
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _keep_open_descriptors_to_ourselves() -> None:
    for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - as below
        if descriptor > 2:
            try:
                os.set_inheritable(descriptor, False)
            except OSError:
                continue  # the listing's own descriptor, closed by now


def _wake_up_on_child_end() -> int:
    """A descriptor that becomes readable when a child ends."""
    # What reaches the terminal's process group is for the command, not for its warden.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    return reading


def _become(command: list[str], *, own_session: bool) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if own_session:
        os.setsid()
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # should the warden itself be killed
    try:
        os.execvp(command[0], command)  # noqa: S606
    except FileNotFoundError:
        code = _NOT_FOUND
        os.write(2, f"sandbox: {command[0]}: no such command\n".encode())
    except OSError as error:
        code = _NOT_EXECUTABLE
        os.write(2, f"sandbox: {command[0]}: {error.strerror}\n".encode())
    os._exit(code)


def _watch(child: int, lifeline: int, child_ended: int) -> int | None:
    """The child's wait status when it ends, or None when the sandbox does."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(child_ended, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if child_ended in ready:
            os.read(child_ended, 4096)
            status = _reap(child)
            if status is not None:
                return status
        if lifeline in ready:
            return None


def _reap(child: int) -> int | None:
    """Collect every child that ended, orphans too; the wait status of `child` when it is one."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child:
            found = status


def _take_down(child: int, takedown: signal.Signals, child_ended: int) -> int:
    os.kill(child, signal.SIGCONT)
    os.kill(child, takedown)
    deadline = time.monotonic() + _GRACE_SECONDS
    while (remaining_seconds := deadline - time.monotonic()) > 0:
        select.select([child_ended], [], [], remaining_seconds)
        status = _reap(child)
        if status is not None:
            return status
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _kill_offspring() -> None:
    # Each round's orphans become our children in the next.
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.002)
        except ChildProcessError:
            return


def _children() -> list[int]:
    pid = os.getpid()
    with open(f"/proc/{pid}/task/{pid}/children") as listing:  # noqa: PTH123 - pathlib costs 10 ms
        return [int(child) for child in listing.read().split()]


if __name__ == "__main__":
    # Not sys.exit: nothing here has to be flushed, and the interpreter's own ending takes time.
    os._exit(main())
