"""What is left to do at a withdrawn site, whom that reached, and whom to call."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.orm import Session

from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking, BookingStatus, Channel, Slot, SlotState
from miniprogram_api.visits.queries.living import is_living

BY_AUTHORITY = "authority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The visits that a withdrawal ends: of a site, from a moment on, made at any time or up to one."""

    site_id: UUID
    since: datetime
    made_until: datetime | None = None

    def due(self, now: datetime) -> ColumnElement[bool]:
        """Those of them that can still be called off."""
        made = true() if self.made_until is None else Booking.created_at <= self.made_until
        return and_(Booking.site_id == self.site_id, Booking.starts_at >= self.since, is_living(now), made)


@dataclass(frozen=True, slots=True)
class Left:
    """What still contradicts the withdrawal of a site."""

    slots: int
    bookings: int


def count_left(session: Session, scope: Scope, *, now: datetime) -> Left:
    """Open slots to come, and visits that are to be cancelled; one statement."""
    slots = select(func.count()).where(
        Slot.site_id == scope.site_id, Slot.state == SlotState.OPEN, Slot.starts_at > now
    )
    bookings = select(func.count()).where(scope.due(now))
    return Left(*session.execute(select(slots.scalar_subquery(), bookings.scalar_subquery())).one())


def count_members(
    session: Session, *, site_id: UUID, cancelled_since: datetime, days: Collection[date] | None = None
) -> int:
    """How many members had visits to the site, on these days if given, that the authority cancelled."""
    members = select(func.count(Booking.member_id.distinct())).where(_cancelled(site_id, cancelled_since))
    if days is not None:
        members = members.where(Booking.visit_on.in_(days))
    return session.scalars(members).one()


def count_cancelled_by_day(
    session: Session, *, site_id: UUID, cancelled_since: datetime
) -> list[tuple[date, int, int, int]]:
    """For each day of visits that the authority cancelled: these, all that are cancelled, and those of nobody
    who has an inbox; one statement.
    """
    here = case((_cancelled(site_id, cancelled_since), 1), else_=0)
    unreachable = case((and_(_cancelled(site_id, cancelled_since), Booking.member_id.is_(None)), 1), else_=0)
    statement = (
        select(Booking.visit_on, func.sum(here), func.count(), func.sum(unreachable))
        .where(
            Booking.site_id == site_id,
            Booking.status == BookingStatus.CANCELLED,
            Booking.channel != Channel.WALK_IN,
        )
        .group_by(Booking.visit_on)
        .having(func.sum(here) > 0)
        .order_by(Booking.visit_on)
    )
    return [(on, int(some), int(all_), int(more)) for on, some, all_, more in session.execute(statement)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonToCall:
    """Somebody whose visit was cancelled, unmasked: only for whoever calls them, and for the record of it."""

    booking_id: UUID
    number: str
    starts_at: datetime
    seats: int
    has_inbox: bool
    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Visits that were still to come at a moment: the near ones, and those of people who have no inbox.

    By which step of a withdrawal they were cancelled does not matter: a later one must not hide who is to be
    called about an earlier one.
    """

    site_id: UUID
    since: datetime
    before: datetime

    def condition(self) -> ColumnElement[bool]:
        """The bookings whose contact is called; who left no phone, or has been erased, cannot be."""
        soon = or_(Booking.starts_at < self.before, Booking.member_id.is_(None))
        cancelled = and_(Booking.site_id == self.site_id, Booking.cancelled_by == BY_AUTHORITY)
        to_come = Booking.starts_at > self.since
        return and_(cancelled, to_come, soon, Booking.contact_phone_cipher.is_not(None))


def list_people_to_call(
    session: Session, wanted: CallFilter, *, limit: int, cursor: str | None
) -> Page[PersonToCall]:
    """A page of them, the nearest visit first."""
    bookings = select(Booking).where(wanted.condition())
    found = page(session, bookings, (Booking.starts_at, Booking.id), limit=limit, cursor=cursor)
    return Page(_people(found.items), found.next_cursor)


def count_people_to_call(session: Session, wanted: CallFilter) -> int:
    """How many there are."""
    return session.scalars(select(func.count()).where(wanted.condition())).one()


def ids_to_call(wanted: CallFilter) -> Select[UUID]:
    """Their bookings, to be asked about in a statement of one's own."""
    return select(Booking.id).where(wanted.condition())


def is_to_be_called(session: Session, wanted: CallFilter, booking_id: UUID) -> bool:
    """Whether a booking is on the list."""
    this = select(Booking.id).where(wanted.condition(), Booking.id == booking_id)
    return session.scalar(this) is not None


def _people(bookings: Sequence[Booking]) -> list[PersonToCall]:
    return [
        PersonToCall(
            booking_id=booking.id,
            number=booking.number,
            starts_at=booking.starts_at,
            seats=booking.seats,
            has_inbox=booking.member_id is not None,
            name=personal.contact_name(booking),
            phone=personal.contact_phone(booking),
        )
        for booking in bookings
    ]


def _cancelled(site_id: UUID, since: datetime) -> ColumnElement[bool]:
    return and_(
        Booking.site_id == site_id, Booking.cancelled_by == BY_AUTHORITY, Booking.cancelled_at >= since
    )
