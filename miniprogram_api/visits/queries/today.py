"""Today at a glance, for whoever works at several sites."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.access import Principal
from miniprogram_api.sites.queries import site_facts, sites_within
from miniprogram_api.visits.models import Booking, BookingStatus, Slot, SlotState

MOST_SITES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteToday:
    """One site's day: slots that are open, those of them that are full, and people."""

    site_id: UUID
    name: str
    slots: int
    full: int
    capacity: int
    booked: int
    arrived: int


def list_today(session: Session, principal: Principal, *, on: date) -> list[SiteToday]:
    """The day of every site whose bookings the caller may see, the fullest first; two statements.

    One more than MOST_SITES says that there are others.
    """
    site = site_facts()
    in_scope = sites_within(principal, "bookings.view")
    is_full = case((Slot.booked + Slot.held >= Slot.capacity, 1), else_=0)
    booked = func.sum(Slot.booked)
    days = (
        select(Slot.site_id, site.c.name, func.count(), func.sum(is_full), func.sum(Slot.capacity), booked)
        .join(site, site.c.id == Slot.site_id)
        .where(Slot.visit_on == on, Slot.state == SlotState.OPEN, Slot.site_id.in_(in_scope))
        .group_by(Slot.site_id, site.c.name)
        .order_by(booked.desc(), Slot.site_id)
        .limit(MOST_SITES + 1)
    )
    rows = session.execute(days).all()
    arrivals = (
        select(Booking.site_id, func.sum(Booking.admitted))
        .where(
            Booking.visit_on == on,
            Booking.status != BookingStatus.CANCELLED,
            Booking.site_id.in_([row[0] for row in rows]),
        )
        .group_by(Booking.site_id)
    )
    arrived = {site_id: int(heads) for site_id, heads in session.execute(arrivals)} if rows else {}
    return [
        SiteToday(
            site_id=row[0],
            name=row[1],
            slots=int(row[2]),
            full=int(row[3]),
            capacity=int(row[4]),
            booked=int(row[5]),
            arrived=arrived.get(row[0], 0),
        )
        for row in rows
    ]
