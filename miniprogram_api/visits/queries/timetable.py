"""The slots of a site as the rules of the timetable compare them with the plan."""

from dataclasses import fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select, true
from sqlalchemy.orm import Session

from miniprogram_api.visits.models import ACTIVE, Booking, ChangedBooking, DayCap, Hold, Slot
from miniprogram_api.visits.rules.timetable import ExistingSlot

# Columns and not rows of the model: a horizon of slots is read again and again, and changed by statements.
_COLUMNS = [getattr(Slot, field.name) for field in fields(ExistingSlot) if field.name != "referenced"]


def list_existing(
    session: Session, site_id: UUID, *, first: date, last: date | None = None, now: datetime
) -> list[ExistingSlot]:
    """The slots to come of a site from a day on, by time; one statement."""
    # Columns one by one, so that each is looked up by its own index.
    pointing = (Booking.slot_id, Hold.slot_id, ChangedBooking.slot_before, ChangedBooking.slot_after)
    referenced = or_(*(select(1).where(column == Slot.id).correlate(Slot).exists() for column in pointing))
    coming = _coming(site_id, first, last, now)
    statement = select(*_COLUMNS, referenced.label("referenced")).where(coming).order_by(Slot.starts_at)
    return [_existing(row._mapping) for row in session.execute(statement)]


def lock_slots(
    session: Session, site_id: UUID, *, first: date, last: date | None = None, now: datetime
) -> None:
    """Keep bookings out of the slots to come until the transaction ends; days first, as bookings do."""
    days = select(DayCap.visit_on).where(DayCap.site_id == site_id, DayCap.visit_on >= first)
    session.execute(days.order_by(DayCap.visit_on).with_for_update()).all()
    slots = select(Slot.id).where(_coming(site_id, first, last, now))
    session.execute(slots.order_by(Slot.id).with_for_update()).all()


def list_day_caps(session: Session, site_id: UUID, *, first: date, last: date) -> dict[date, tuple[int, int]]:
    """The cap and the seats counted, by day."""
    statement = select(DayCap.visit_on, DayCap.capacity, DayCap.booked).where(
        DayCap.site_id == site_id, DayCap.visit_on.between(first, last)
    )
    return {on: (capacity, booked) for on, capacity, booked in session.execute(statement)}


def seats_taken_by_day(session: Session, site_id: UUID, *, first: date, last: date) -> dict[date, int]:
    """The seats booked or held in the slots of each day."""
    statement = (
        select(Slot.visit_on, func.sum(Slot.booked + Slot.held))
        .where(Slot.site_id == site_id, Slot.visit_on.between(first, last))
        .group_by(Slot.visit_on)
    )
    return {on: int(taken) for on, taken in session.execute(statement)}


def count_bookings(session: Session, slot_ids: list[UUID]) -> int:
    """How many living bookings these slots have."""
    living = and_(Booking.slot_id.in_(slot_ids), Booking.status.in_(ACTIVE))
    return session.execute(select(func.count()).select_from(Booking).where(living)).scalar_one()


def find_last_day(session: Session, site_id: UUID) -> date | None:
    """The last day a site has a slot on."""
    return session.scalar(select(func.max(Slot.visit_on)).where(Slot.site_id == site_id))


def _coming(site_id: UUID, first: date, last: date | None, now: datetime) -> ColumnElement[bool]:
    until = true() if last is None else Slot.visit_on <= last
    return and_(Slot.site_id == site_id, Slot.visit_on >= first, Slot.starts_at > now, until)


def _existing(row: RowMapping) -> ExistingSlot:
    return ExistingSlot(**{**row, "state": row["state"].value, "referenced": bool(row["referenced"])})
