"""Who is inside a site now, and the figures of its day; every total is the sum of the rows it stands for."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_date, beijing_time
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    Channel,
    Departure,
    Scan,
    ScanResult,
    Slot,
    SlotState,
)
from miniprogram_api.visits.queries.slots import expired_seats
from miniprogram_api.visits.rules.policy import DAY_MINUTES

_OF_SLOT = (
    Slot.id, Slot.starts_at, Slot.ends_at, Slot.capacity, Slot.booked, Slot.held, Slot.state,
    Slot.closed_text, Slot.books_until,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFigures:
    """Heads of one slot; `missing` can still come: their party has in part, and the slot has not ended."""

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    capacity: int
    left: int  # seats that can still be had
    books_until: datetime
    closed: bool
    closed_text: str | None
    booked: int
    arrived: int
    walk_ins: int
    no_shows: int
    missing: int

    def takes(self, seats: int, now: datetime) -> bool:
        """Whether so many can be booked now."""
        return not self.closed and self.left >= seats and now < self.books_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """A site's day so far. `inside` is who the gates let in less who they counted out, never negative."""

    site_id: UUID
    on: date
    inside: int
    entered: int
    departed: int
    slots: list[SlotFigures]

    @property
    def capacity(self) -> int:
        return sum(slot.capacity for slot in self.slots if not slot.closed)

    @property
    def left(self) -> int:
        return sum(slot.left for slot in self.slots)

    @property
    def booked(self) -> int:
        return sum(slot.booked for slot in self.slots)

    @property
    def arrived(self) -> int:
        return sum(slot.arrived for slot in self.slots)

    @property
    def walk_ins(self) -> int:
        return sum(slot.walk_ins for slot in self.slots)

    @property
    def no_shows(self) -> int:
        return sum(slot.no_shows for slot in self.slots)


def show_day(session: Session, site_id: UUID, *, now: datetime) -> Occupancy:
    """The figures of today; each total is the sum of the rows it stands for."""
    return show_figures(session, site_id, on=beijing_date(now), now=now)


def show_figures(session: Session, site_id: UUID, *, on: date, now: datetime) -> Occupancy:
    """The figures of any day of a site; two statements."""
    entered, departed = count_through(session, site_id, on=on)
    return Occupancy(
        site_id=site_id,
        on=on,
        inside=max(entered - departed, 0),
        entered=entered,
        departed=departed,
        slots=list_slot_figures(session, site_id, on, now),
    )


def count_through(session: Session, site_id: UUID, *, on: date) -> tuple[int, int]:
    """How many people the gates of a site let in on a day, and how many they counted out."""
    begin, end = beijing_time(on, 0), beijing_time(on, DAY_MINUTES)
    entered = (
        select(func.coalesce(func.sum(Scan.seats), 0))
        .where(Scan.site_id == site_id, Scan.scanned_at >= begin, Scan.scanned_at < end)
        .where(Scan.result == ScanResult.OK, Scan.annulled_at.is_(None))
        .scalar_subquery()
    )
    departed = (
        select(func.coalesce(func.sum(Departure.seats), 0))
        .where(Departure.site_id == site_id, Departure.left_at >= begin, Departure.left_at < end)
        .scalar_subquery()
    )
    row = session.execute(select(entered, departed)).one()
    return int(row[0]), int(row[1])


def has_missed(now: datetime) -> ColumnElement[bool]:
    """Bookings made beforehand with heads that did not come: all of them, or what is left once it is over."""
    over = and_(Booking.status == BookingStatus.PARTLY_ADMITTED, Booking.ends_at <= now)
    missed = or_(Booking.status == BookingStatus.NO_SHOW, over)
    return and_(missed, Booking.channel != Channel.WALK_IN)


def list_slot_figures(session: Session, site_id: UUID, on: date, now: datetime) -> list[SlotFigures]:
    """The figures of each slot of a site's day, the earliest first."""
    booked = Booking.status != BookingStatus.CANCELLED
    comes_late = and_(Booking.status == BookingStatus.PARTLY_ADMITTED, Booking.ends_at > now)
    statement = (
        select(
            Slot.id,
            Slot.starts_at,
            Slot.ends_at,
            Slot.capacity,
            Slot.capacity - Slot.booked - Slot.held + case((Slot.held > 0, expired_seats(now)), else_=0),
            Slot.state,
            Slot.closed_text,
            Slot.books_until,
            _sum_where(booked, Booking.seats),
            _sum_where(booked, Booking.admitted),
            _sum_where(and_(booked, Booking.channel == Channel.WALK_IN), Booking.seats),
            _sum_where(has_missed(now), Booking.seats - Booking.admitted),
            _sum_where(comes_late, Booking.seats - Booking.admitted),
        )
        .outerjoin(Booking, Booking.slot_id == Slot.id)
        .where(Slot.site_id == site_id, Slot.visit_on == on)
        .group_by(*_OF_SLOT)
        .order_by(Slot.starts_at)
    )
    return [
        SlotFigures(
            slot_id=row[0],
            starts_at=row[1],
            ends_at=row[2],
            capacity=row[3],
            left=0 if row[5] is SlotState.CLOSED else max(int(row[4]), 0),
            closed=row[5] is SlotState.CLOSED,
            closed_text=row[6],
            books_until=row[7],
            booked=int(row[8]),
            arrived=int(row[9]),
            walk_ins=int(row[10]),
            no_shows=int(row[11]),
            missing=int(row[12]),
        )
        for row in session.execute(statement)
    ]


def _sum_where(condition: Any, value: Any) -> Any:
    return func.coalesce(func.sum(case((condition, value), else_=0)), 0)
