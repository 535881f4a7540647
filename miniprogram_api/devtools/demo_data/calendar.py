"""Settles this year where no notice of its holidays is known: provisional days would take no bookings."""

from datetime import date

from miniprogram_api.devtools.demo_data.sites import DEMO
from miniprogram_api.kernel import workdays
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.workdays import DayKind

_SOURCE = "示例：按历法推算，非国务院办公厅通知"


def settle_year(year: int) -> None:
    """Take the estimate of the year for settled, unless a notice is known; later years stay provisional."""
    with atomic() as session:
        days = workdays.days(session, date(year, 1, 1), date(year, 12, 31))
        if not any(day.provisional for day in days.values()):
            return
        workdays.gazette_year(
            session,
            year=year,
            rest_days={on: day.name for on, day in days.items() if day.kind is DayKind.STATUTORY_HOLIDAY},
            make_up_days=[on for on, day in days.items() if day.kind is DayKind.MAKE_UP_WORKING_DAY],
            source=_SOURCE,
            actor=DEMO,
        )
