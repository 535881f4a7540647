"""The processes that `make run` starts: each ends with it, however it ends."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

_STOP_WITHIN_S = 10
_PR_SET_PDEATHSIG = 1


def stop_on_signals() -> Callable[[], bool]:
    """A test whether Ctrl-C or SIGTERM asked this program to end.

    Nothing is raised: an exception that a signal raises is lost where Python happens to run a finalizer.
    """
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: asked.append(number))
    return lambda: bool(asked)


def is_orphan_of_make() -> Callable[[], bool]:
    """A test whether the `make` that started this program is gone: killed, it takes nobody with it."""
    parent = os.getppid()
    started_by_make = "MAKELEVEL" in os.environ
    return lambda: started_by_make and os.getppid() != parent


def is_port_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@contextmanager
def running(command: Sequence[str], *, quiet: bool) -> Generator[subprocess.Popen[bytes]]:
    """A process that is stopped at the end of the block, gently first."""
    output = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(command, stdout=output, preexec_fn=_die_with_parent) as process:
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # impatience must not leave anybody behind
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _die_with_parent() -> None:
    """Ask Linux to end this process when its parent is killed outright."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
