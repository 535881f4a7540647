"""Bookings as their member and the site's staff see them: personal data masked, never a query per row."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, not_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.crypto import mask_id_number, mask_name, mask_phone
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.visits import personal, tickets
from miniprogram_api.visits.models import (
    ACTIVE,
    Booking,
    PolicyVersion,
    Ticket,
    TicketState,
    Visitor,
)
from miniprogram_api.visits.queries.shown import (
    BookingShown,
    ContactShown,
    SiteShown,
    SlotShown,
    TicketShown,
    VisitorShown,
)
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.tickets import TicketClaims


class Period(StrEnum):
    """Which of a member's bookings: those still to come, or those that are over or cancelled."""

    UPCOMING = "upcoming"
    PAST = "past"


def get_booking(session: Session, booking_id: UUID, *, member_id: UUID) -> BookingShown:
    """A member's own booking. Raises NotFound, for somebody else's too."""
    return _get(session, and_(Booking.id == booking_id, Booking.member_id == member_id))


def get_managed_booking(session: Session, booking_id: UUID) -> BookingShown:
    """Any booking, for staff whose scope the caller checks with its site. Raises NotFound."""
    return _get(session, Booking.id == booking_id)


def get_own_revision(session: Session, booking_id: UUID, *, member_id: UUID) -> int:
    """How often a member's booking has changed, for a command to compare. Raises NotFound."""
    own = select(Booking.revision).where(Booking.id == booking_id, Booking.member_id == member_id)
    revision = session.scalar(own)
    if revision is None:
        raise NotFound
    return revision


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The site a booking is for, and how often the booking has changed."""

    site_id: UUID
    revision: int


def get_whereabouts(session: Session, booking_id: UUID) -> Whereabouts:
    """What staff's commands need before anything else. Raises NotFound."""
    row = session.execute(
        select(Booking.site_id, Booking.revision).where(Booking.id == booking_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return Whereabouts(row.site_id, row.revision)


def list_bookings(
    session: Session,
    *,
    member_id: UUID,
    period: Period | None,
    now: datetime,
    limit: int,
    cursor: str | None,
) -> Page[BookingShown]:
    """A page of a member's bookings: the next visit first, or of those over the latest first."""
    statement = select_shown().where(Booking.member_id == member_id)
    if period is not None:
        to_come = and_(Booking.status.in_(ACTIVE), Booking.ends_at > now)
        statement = statement.where(to_come if period is Period.UPCOMING else not_(to_come))
    descending = period is not Period.UPCOMING
    columns = (Booking.starts_at, Booking.id)
    found = page_rows(session, statement, columns, limit=limit, cursor=cursor, descending=descending)
    return Page(show_all(session, found.items), found.next_cursor)


def list_upcoming_of_member(
    session: Session, *, member_id: UUID, since: datetime, limit: int
) -> list[BookingShown]:
    """A member's bookings from a moment on, cancelled ones too, for their calendar."""
    statement = select_shown().where(Booking.member_id == member_id, Booking.starts_at >= since)
    rows = session.execute(statement.order_by(Booking.starts_at, Booking.id).limit(limit)).all()
    return show_all(session, rows)


@dataclass(frozen=True, slots=True)
class PhoneVisit:
    """A living booking under a phone; `by_caller`: one that staff made, not a member with this phone."""

    number: str
    site_id: UUID
    visit_on: date
    starts_at: datetime
    ends_at: datetime
    by_caller: bool


def list_phone_visits(session: Session, *, phone_index: bytes, since: datetime) -> list[PhoneVisit]:
    """The living bookings under this phone from a moment on; one statement."""
    columns = (Booking.number, Booking.site_id, Booking.visit_on, Booking.starts_at, Booking.ends_at)
    statement = select(*columns, Booking.member_id.is_(None)).where(
        Booking.contact_phone_index == phone_index,
        Booking.starts_at >= since,
        Booking.status.in_(ACTIVE),
    )
    return [PhoneVisit(*row) for row in session.execute(statement.order_by(Booking.starts_at))]


def list_cancellations(
    session: Session, *, member_id: UUID, site_id: UUID, by: str, since: datetime
) -> list[datetime]:
    """When a member's visits to a site were cancelled, by whom is said."""
    cancelled = select(Booking.cancelled_at).where(
        Booking.member_id == member_id,
        Booking.site_id == site_id,
        Booking.cancelled_by == by,
        Booking.cancelled_at >= since,
    )
    return [at for at in session.scalars(cancelled) if at is not None]


@cache
def _sites() -> Subquery:
    return site_queries.site_facts()


def select_shown() -> Select[Any]:
    """Bookings with what `show_all` needs of each."""
    site = _sites()
    current = and_(Ticket.booking_id == Booking.id, Ticket.state == TicketState.CURRENT)
    return (
        select(
            Booking,
            Ticket,
            PolicyVersion.numbers,
            site.c.code.label("site_code"),
            site.c.name.label("site_name"),
            site.c.address.label("site_address"),
        )
        .join(site, site.c.id == Booking.site_id)
        .join(PolicyVersion, PolicyVersion.id == Booking.policy_id)
        .outerjoin(Ticket, current)
    )


def _get(session: Session, condition: ColumnElement[bool]) -> BookingShown:
    # A command may have changed the row through SQL in this very session.
    statement = select_shown().where(condition).execution_options(populate_existing=True)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return show_all(session, [row])[0]


def show_all(session: Session, rows: Sequence[Row[Any]]) -> list[BookingShown]:
    """The rows of such a statement as screens show them; one statement more for the visitors."""
    visitors: dict[UUID, list[VisitorShown]] = defaultdict(list)
    living = {row.Booking.id: row.Booking.status in ACTIVE for row in rows}
    named = select(Visitor).where(Visitor.booking_id.in_(living)).order_by(Visitor.id)
    for visitor in session.scalars(named.execution_options(populate_existing=True)) if living else ():
        # Who dropped out of a living party is gone from it; a cancelled one is shown as it was.
        if visitor.active or not living[visitor.booking_id]:
            visitors[visitor.booking_id].append(_visitor(visitor))
    return [_booking(row, visitors[row.Booking.id]) for row in rows]


def _booking(row: Row[Any], visitors: Sequence[VisitorShown]) -> BookingShown:
    booking: Booking = row.Booking
    policy = policy_rules.from_numbers(row.numbers)
    return BookingShown(
        id=booking.id,
        number=booking.number,
        member_id=booking.member_id,
        status=booking.status,
        channel=booking.channel,
        site=SiteShown(booking.site_id, row.site_code, row.site_name, row.site_address),
        slot=SlotShown(booking.slot_id, booking.starts_at, booking.ends_at),
        visit_on=booking.visit_on,
        party=Party(booking.adults, booking.children, booking.wheelchairs, booking.sign_language),
        admitted=booking.admitted,
        contact=_contact(booking),
        visitors=visitors,
        cancel_free_until=policy.cancel_free_until(booking.starts_at),
        cancel_until=booking.cancel_until,
        created_at=booking.created_at,
        cancelled_at=booking.cancelled_at,
        cancelled_by=booking.cancelled_by,
        cancel_reason=booking.cancel_reason,
        calendar_sequence=booking.calendar_sequence,
        ticket=_ticket(row.Ticket, booking.slot_id) if row.Ticket is not None else None,
    )


def _contact(booking: Booking) -> ContactShown | None:
    name, phone = personal.contact_name(booking), personal.contact_phone(booking)
    return None if name is None or phone is None else ContactShown(mask_name(name), mask_phone(phone))


def _ticket(ticket: Ticket, slot_id: UUID) -> TicketShown:
    claims = TicketClaims(
        ticket_id=ticket.id,
        slot_id=slot_id,
        seats=ticket.seats,
        valid_from=ticket.valid_from,
        valid_until=ticket.valid_until,
        sequence=ticket.sequence,
    )
    return TicketShown(
        id=ticket.id,
        code=tickets.issue(claims, key_id=ticket.key_id),
        short_code=ticket.short_code,
        seats=ticket.seats,
        valid_from=ticket.valid_from,
        valid_until=ticket.valid_until,
    )


def _visitor(visitor: Visitor) -> VisitorShown:
    name, number = personal.visitor_name(visitor), personal.id_number(visitor)
    return VisitorShown(
        id=visitor.id,
        name_masked=None if name is None else mask_name(name),
        id_type=visitor.id_type,
        id_number_masked=None if number is None else mask_id_number(number),
    )
