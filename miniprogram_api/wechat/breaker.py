"""Stops calling an API that is failing or forbidden, so that nobody waits for what will not come."""

import math
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime

from miniprogram_api.wechat.errors import WeChatUnavailable

FAILURES_TO_OPEN = 8
OPEN_S = 30
_PROBE_S = 30


class Breaker:
    """For one API in one process. Durations run on the monotonic clock, dates on the wall clock."""

    def __init__(self, *, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._now = now
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._failures = 0
        self._open_until: float | None = None
        self._probe_until: float | None = None
        self._held_until: datetime | None = None

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Permit one operation; raise WeChatUnavailable while open, but for one probe when the time is up."""
        probing = self._admit()
        try:
            yield
        finally:
            if probing:
                with self._guard:
                    self._probe_until = None

    def succeeded(self) -> None:
        """The API answers: close."""
        with self._guard:
            self._failures = 0
            self._open_until = None

    def failed(self) -> None:
        """No usable answer: open after enough of these in a row, and again at once when a probe fails."""
        with self._guard:
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN or self._open_until is not None:
                self._open_for(OPEN_S)

    def trip(self, seconds: float) -> None:
        """Further calls are pointless for a while."""
        with self._guard:
            self._open_for(seconds)

    def hold_until(self, instant: datetime) -> None:
        """Further calls are pointless until an instant of the calendar; no success in between lifts it."""
        with self._guard:
            self._held_until = instant

    def _admit(self) -> bool:
        with self._guard:
            wait_s = self._wait_s()
            if wait_s > 0:
                raise WeChatUnavailable(retry_after_s=max(1, math.ceil(wait_s)))
            if self._open_until is None:
                return False
            self._probe_until = self._monotonic() + _PROBE_S
            return True

    def _wait_s(self) -> float:
        if self._held_until is not None:
            left_s = (self._held_until - self._now()).total_seconds()
            if left_s > 0:
                return left_s
            self._held_until = None
        # A probe that never comes back must not keep the door shut for ever, hence an instant and no flag.
        return max(self._open_until or -math.inf, self._probe_until or -math.inf) - self._monotonic()

    def _open_for(self, seconds: float) -> None:
        self._open_until = max(self._open_until or -math.inf, self._monotonic() + seconds)
