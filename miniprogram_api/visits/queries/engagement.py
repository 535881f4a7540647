"""What the visits of a day come to, by site and Beijing day: parties and heads, nobody's name.

Everything belongs to the day of the visit, however early it was cancelled and however late a scan came in. A
party that moved belongs to the day it moved to. Whoever came without a booking counts as a visitor, not as a
booking.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, case, func, select, tuple_, union
from sqlalchemy.orm import Session

from miniprogram_api.visits.models import Booking, BookingStatus, Channel, Slot

SiteDay = tuple[UUID, date]


@dataclass(frozen=True, slots=True)
class VisitFigures:
    """Bookings ever made for a day, those of them that were cancelled or missed, and heads that came."""

    bookings: int = 0
    cancellations: int = 0
    no_shows: int = 0
    visitors: int = 0


def count_visits(session: Session, first: date, last: date) -> dict[SiteDay, VisitFigures]:
    """Every site and day of a range with a booking, in one statement; both ends are included."""
    return _count(session, Booking.visit_on.between(first, last))


def count_visits_of(session: Session, days: Collection[SiteDay]) -> dict[SiteDay, VisitFigures]:
    """Those of the days on which there is a booking, in one statement."""
    # The range lets an index be used where rows of values are compared one by one.
    dates = [on for _, on in days]
    within = Booking.visit_on.between(min(dates), max(dates)) if dates else Booking.id.is_(None)
    return _count(session, and_(within, tuple_(Booking.site_id, Booking.visit_on).in_(list(days))))


def _count(session: Session, which: ColumnElement[bool]) -> dict[SiteDay, VisitFigures]:
    booked = Booking.channel != Channel.WALK_IN
    statement = (
        select(
            Booking.site_id,
            Booking.visit_on,
            _count_where(booked),
            _count_where(and_(booked, Booking.status == BookingStatus.CANCELLED)),
            _count_where(Booking.status == BookingStatus.NO_SHOW),
            func.sum(Booking.admitted),
        )
        .where(which)
        .group_by(Booking.site_id, Booking.visit_on)
    )
    return {
        (site_id, on): VisitFigures(*(int(number) for number in numbers))
        for site_id, on, *numbers in session.execute(statement)
    }


def _count_where(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def select_days(first: date, last: date) -> Subquery:
    """The sites and days of a range on which there was something to visit, or somebody who wanted to.

    A subquery to use in a statement of one's own; its columns are `site_id` and `visit_on`.
    """
    planned = select(Slot.site_id, Slot.visit_on).where(Slot.visit_on.between(first, last))
    booked = select(Booking.site_id, Booking.visit_on).where(Booking.visit_on.between(first, last))
    return union(planned, booked).subquery("visited_days")


def find_first_day(session: Session) -> date | None:
    """The first day that anybody ever booked or could."""
    return session.scalar(select(func.min(Slot.visit_on)))


def days_of_bookings(session: Session, booking_ids: Collection[UUID]) -> dict[UUID, SiteDay]:
    """The site and day of each booking, in one statement."""
    wanted = select(Booking.id, Booking.site_id, Booking.visit_on).where(Booking.id.in_(booking_ids))
    return {booking_id: (site_id, on) for booking_id, site_id, on in session.execute(wanted)}
