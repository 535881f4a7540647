"""How a withdrawal is put into words, whom it is told by telephone, and what partners may know of its size.

Partners have the figures of each day as well. What they are told here is added up from days of which neither
the visits that were cancelled nor those that had been cancelled before are one to four: anything else could
be found by subtracting one from the other.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from miniprogram_api.engagement.rules import is_few

# Visits so soon after a withdrawal that a message may be read too late.
CALLED_WITHIN = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class CancelledDay:
    """Bookings of a day: those a withdrawal cancelled, all that are cancelled, and those without an inbox."""

    on: date
    here: int
    in_all: int
    unreachable: int


@dataclass(frozen=True, slots=True)
class Told:
    """What partners may know; None is hidden, and `suppressed` says that something is or is left out."""

    bookings_cancelled: int | None
    people_notified: int | None
    unreachable: int | None
    suppressed: bool


def tellable(days: Iterable[CancelledDay]) -> list[CancelledDay]:
    """The days that may be counted."""
    return [day for day in days if not is_few(day.here) and not is_few(day.in_all - day.here)]


def told(days: Collection[CancelledDay], counted: Collection[CancelledDay], *, people: int) -> Told:
    """What may be told of the days that are `counted`, on which so many people were notified."""
    if days and not counted:
        return Told(None, None, None, suppressed=True)
    bookings, unreachable = (sum(getattr(day, name) for day in counted) for name in ("here", "unreachable"))
    # Those with an inbox and those without make up the whole: together or not at all.
    if any(is_few(number) for number in (people, unreachable, bookings - unreachable)):
        return Told(bookings, None, None, suppressed=True)
    return Told(bookings, people, unreachable, suppressed=len(counted) < len(days))


def official_reason(doc_no: str | None) -> str:
    """The reason that is written on a cancelled booking: what the authority says, and nothing of ours."""
    return f"示范点已停止开放（依据：{doc_no}）" if doc_no else "示范点已停止开放"
