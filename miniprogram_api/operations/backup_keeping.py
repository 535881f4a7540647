"""Which backups are kept, as a pure decision: the newest ones, and the last of each day, week and month."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime

from miniprogram_api.kernel.clock import beijing_date


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many of each kind; a backup is kept when any kind asks for it. Days are Beijing's."""

    newest: int = 24
    daily: int = 7
    weekly: int = 5
    monthly: int = 12


def kept_of(made: Iterable[datetime], keeping: Keeping) -> set[datetime]:
    """Which of the backups, known by when they were made, are kept."""
    newest_first = sorted(set(made), reverse=True)
    kept = set(newest_first[: keeping.newest])
    for count, period_of in (
        (keeping.daily, beijing_date),
        (keeping.weekly, _week_of),
        (keeping.monthly, _month_of),
    ):
        kept |= _last_of_each(newest_first, period_of, count)
    return kept


def _last_of_each(
    newest_first: list[datetime], period_of: Callable[[datetime], Hashable], count: int
) -> set[datetime]:
    """The last backup of each of the latest periods that have one."""
    last: dict[Hashable, datetime] = {}
    for at in newest_first:
        last.setdefault(period_of(at), at)
    return set(list(last.values())[:count])


def _week_of(at: datetime) -> Hashable:
    year, week, _ = beijing_date(at).isocalendar()
    return year, week


def _month_of(at: datetime) -> Hashable:
    on = beijing_date(at)
    return on.year, on.month
