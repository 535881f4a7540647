"""Waiting for what other processes and threads do."""

import time
from collections.abc import Callable


def wait_until(true: Callable[[], bool], *, within_s: float = 30) -> None:
    """Ask again and again until it is so."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
