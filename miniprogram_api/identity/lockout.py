"""When failed sign-ins lock a username, as a pure decision: five failures, a quarter of an hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many failures count against a username, since when, and until when it is locked."""

    failures: int
    last_failed_at: datetime
    locked_until: datetime | None

    def seconds_locked(self, now: datetime) -> int:
        """How long it stays locked; 0 when it is not."""
        if self.locked_until is None or now >= self.locked_until:
            return 0
        return ceil((self.locked_until - now).total_seconds())


def after_failure(before: Tally | None, now: datetime) -> Tally:
    """The tally with one failure more; old failures, and those paid for by a lock, are forgotten."""
    stale = before is None or before.locked_until is not None or now - before.last_failed_at >= LOCKED_FOR
    failures = 1 if stale or before is None else before.failures + 1
    return Tally(failures, now, now + LOCKED_FOR if failures >= FAILURES else None)
