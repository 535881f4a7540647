"""When to pull, when to wait, and how old what we hold may be. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

EVERY = timedelta(seconds=60)
# A change of names need not be announced: a doorbell may be lost, and files ring none.
DICTIONARIES_EVERY = timedelta(minutes=15)
BREAKS_AFTER = 5
_LONGEST_WAIT = timedelta(seconds=300)
DEGRADED_AFTER = timedelta(hours=1)
ALARMING_AFTER = timedelta(hours=24)
SILENT_AFTER = timedelta(days=7)


class Freshness(StrEnum):
    """How old our copy of the registry is."""

    FRESH = "fresh"
    DEGRADED = "degraded"
    ALARMING = "alarming"
    SILENT = "silent"  # so old that nothing new is promised on it


def wait_after(failures: int, jitter: float) -> timedelta:
    """How long to leave the registry alone after so many failures in a row; `jitter` is between 0 and 1.

    None: until about the next minute. Then a second, four times as long after each, and five minutes once the
    breaker is open.
    """
    if failures == 0:
        return EVERY * (0.75 + 0.2 * jitter)
    if failures >= BREAKS_AFTER:
        return _LONGEST_WAIT * (0.9 + 0.1 * jitter)
    return timedelta(seconds=4 ** (failures - 1)) * (1 + jitter)


@dataclass(frozen=True, slots=True)
class Ages:
    """Since when each bound counts: the date of the data, or the start where there was never any."""

    as_of: datetime | None
    began_at: datetime


def freshness(ages: Ages, now: datetime) -> Freshness:
    """How old what we hold is. Before the first load it counts from the start."""
    age = now - (ages.as_of or ages.began_at)
    if age > SILENT_AFTER:
        return Freshness.SILENT
    if age > ALARMING_AFTER:
        return Freshness.ALARMING
    return Freshness.DEGRADED if age > DEGRADED_AFTER else Freshness.FRESH
