"""A public notice: whose turn it is to be shown, and on which days an objection is taken."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

UNDER_NOTICE = "public_notice"
# A notice that ended well may be looked up for a while. One that did not (rejected, sent back, withdrawn) is
# gone with the state: the public has no business with a project that came to nothing.
FOLLOWING = frozenset({"confirmed", "under_construction", "titled"})
SHOWN_AFTER = timedelta(days=30)


class NoticeState(StrEnum):
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a notice in Beijing; `until` is the first day on which no objection is taken any more."""

    begins_on: date
    until: date

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)


def state_of(period: Period, *, lifecycle: str, today: date) -> NoticeState:
    """Whether objections are taken: while the registry says so, and on the days it named, first to last."""
    if lifecycle != UNDER_NOTICE or today >= period.until:
        return NoticeState.CLOSED
    return NoticeState.UPCOMING if today < period.begins_on else NoticeState.OPEN


def days_left(period: Period, *, lifecycle: str, today: date) -> int:
    """On how many days from today on an objection is taken, today included."""
    if state_of(period, lifecycle=lifecycle, today=today) is NoticeState.CLOSED:
        return 0
    return (period.until - max(today, period.begins_on)).days
