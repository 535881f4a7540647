"""A month of a site as its staff see it: what each day is, whether it opens or why not, how full it is."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import workdays
from miniprogram_api.kernel.workdays import Day, DayKind
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.rules import ClosureKind, DayPlan, Opening
from miniprogram_api.visits.models import Slot, SlotState


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The slots of a day; seats and bookings of those that are open or have bookings."""

    slots: int = 0
    open_slots: int = 0
    seats: int = 0
    booked: int = 0


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day: what the calendar calls it, what the site plans, its slots. `special`: opened out of turn."""

    on: date
    day: Day
    plan: DayPlan
    special: bool
    figures: DayFigures

    @property
    def is_open(self) -> bool:
        """Whether the site receives visitors: by its plan, or by slots added by hand."""
        return bool(self.plan.spans) or self.figures.open_slots > 0

    @property
    def why_closed(self) -> str | None:
        """What the public is told of a day that does not open."""
        return None if self.is_open or self.plan.closed is None else self.plan.closed.public_text

    @property
    def is_holiday(self) -> bool:
        return self.day.kind is DayKind.STATUTORY_HOLIDAY

    @property
    def is_make_up(self) -> bool:
        """A weekend that is worked."""
        return self.day.kind is DayKind.MAKE_UP_WORKING_DAY


def show_month(session: Session, site_id: UUID, *, year: int, month: int) -> list[MonthDay]:
    """Every day of the month; a few statements however many slots there are."""
    first = date(year, month, 1)
    last = date(year, month, calendar.monthrange(year, month)[1])
    opening = site_queries.opening_of(session, site_id, first, last)
    plans = site_queries.opening_days(session, site_id, first, last)
    days = workdays.days(session, first, last)
    figures = _figures(session, site_id, first, last)
    return [
        MonthDay(on, days[on], plan, _is_special(opening, on, plan), figures.get(on, DayFigures()))
        for on, plan in plans.items()
    ]


def _is_special(opening: Opening | None, on: date, plan: DayPlan) -> bool:
    if opening is None or not plan.spans:
        return False
    return any(c.kind is ClosureKind.SPECIAL_OPENING and c.holds_on(on) for c in opening.closures)


def _figures(session: Session, site_id: UUID, first: date, last: date) -> Mapping[date, DayFigures]:
    is_open = case((Slot.state == SlotState.OPEN, 1), else_=0)
    offered = case((Slot.state == SlotState.OPEN, Slot.capacity), else_=Slot.booked)
    counted = (
        select(
            Slot.visit_on,
            func.count(),
            func.sum(is_open),
            func.sum(offered),
            func.sum(Slot.booked),
        )
        .where(Slot.site_id == site_id, Slot.visit_on.between(first, last))
        .group_by(Slot.visit_on)
    )
    return {on: DayFigures(*(int(number) for number in numbers)) for on, *numbers in session.execute(counted)}
