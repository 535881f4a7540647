"""What failed sign-ins lead to, as pure decisions: a username is locked, a network has to wait.

Five failures lock a username for a quarter of an hour. A network may be a whole organisation's and is never
locked: beyond twenty failures each one doubles the wait before the next try, up to half a minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
NETWORK_FAILURES = 20
LONGEST_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Tally:
    """How many failures count against a username or network, since when, and until when it is refused."""

    failures: int
    last_failed_at: datetime
    locked_until: datetime | None

    def seconds_locked(self, now: datetime) -> int:
        """How long it stays refused; 0 when it is not."""
        if self.locked_until is None or now >= self.locked_until:
            return 0
        return ceil((self.locked_until - now).total_seconds())


def after_failure(before: Tally | None, now: datetime) -> Tally:
    """The tally with one failure more; old failures, and those paid for by a lock, are forgotten."""
    stale = before is None or before.locked_until is not None or now - before.last_failed_at >= LOCKED_FOR
    failures = 1 if stale or before is None else before.failures + 1
    return Tally(failures, now, now + LOCKED_FOR if failures >= FAILURES else None)


def after_network_failure(before: Tally | None, now: datetime) -> Tally:
    """The tally of a network with one failure more; a quarter of an hour without one, and it starts anew."""
    stale = before is None or now - before.last_failed_at >= LOCKED_FOR
    failures = 1 if stale or before is None else before.failures + 1
    beyond = failures - NETWORK_FAILURES
    wait_s = min(2 ** min(beyond, 10), LONGEST_WAIT_S) if beyond > 0 else 0
    return Tally(failures, now, now + timedelta(seconds=wait_s) if wait_s else None)
