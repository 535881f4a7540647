"""What a gate reads: a ticket with its booking in one statement, and what was scanned before.

The look at a ticket is on the hot path: it is built once with named parameters, so that SQLAlchemy finds its
compiled form, and the driver its prepared one, by key.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FromClause, Row, Select, String, Uuid, bindparam, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    Channel,
    Departure,
    Scan,
    ScanResult,
    Ticket,
    TicketState,
)
from miniprogram_api.visits.rules.gate import Pass
from miniprogram_api.visits.rules.party import Party

_booking: FromClause = Booking.__table__
_ticket: FromClause = Ticket.__table__
_scan: FromClause = Scan.__table__


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingAtGate:
    """A booking as a gate may see it, its contact still enciphered."""

    id: UUID
    number: str
    site_id: UUID
    slot_id: UUID
    member_id: UUID | None
    channel: Channel
    status: BookingStatus
    starts_at: datetime
    ends_at: datetime
    party: Party
    admitted: int
    revision: int
    contact_name_cipher: str | None
    contact_phone_cipher: str | None

    @property
    def seats(self) -> int:
        return self.party.seats


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket and its booking, as they stood when they were read."""

    ticket_id: UUID
    booking: BookingAtGate
    admits: Pass


_SEEN_OVER = (
    select(_scan.c.id)
    .where(_scan.c.ticket_id == _ticket.c.id, _scan.c.result == ScanResult.TOO_LATE)
    .correlate(_ticket)
    .exists()
)
_BOOKING_COLUMNS = (
    _booking.c.id,
    _booking.c.number,
    _booking.c.site_id,
    _booking.c.slot_id,
    _booking.c.member_id,
    _booking.c.channel,
    _booking.c.status,
    _booking.c.starts_at,
    _booking.c.ends_at,
    _booking.c.adults,
    _booking.c.children,
    _booking.c.wheelchairs,
    _booking.c.sign_language,
    _booking.c.admitted,
    _booking.c.revision,
    _booking.c.contact_name_cipher,
    _booking.c.contact_phone_cipher,
)
_TICKETS: Select[Any] = select(
    *_BOOKING_COLUMNS,
    _ticket.c.id.label("ticket_id"),
    _ticket.c.state.label("ticket_state"),
    _ticket.c.valid_from,
    _ticket.c.valid_until,
    _SEEN_OVER.label("seen_over"),
).join_from(_ticket, _booking, _booking.c.id == _ticket.c.booking_id)
_BY_ID = _TICKETS.where(_ticket.c.id == bindparam("ticket_id", type_=Uuid()))
_BY_SHORT_CODE = _TICKETS.where(
    _ticket.c.short_code == bindparam("short_code", type_=String()),
    _booking.c.site_id == bindparam("site_id", type_=Uuid()),
)


def find_by_id(session: Session, ticket_id: UUID) -> Found | None:
    """The ticket whatever its state, and its booking; one statement."""
    return _found(session, _BY_ID, {"ticket_id": ticket_id})


def find_by_short_code(session: Session, short_code: str, *, site_id: UUID) -> Found | None:
    """The ticket of a typed code; one of another site is as unknown as one that does not exist."""
    return _found(session, _BY_SHORT_CODE, {"short_code": short_code, "site_id": site_id})


def _found(session: Session, statement: Select[Any], values: dict[str, Any]) -> Found | None:
    row = session.connection().execute(statement, values).one_or_none()
    if row is None:
        return None
    booking = _booking_of(row)
    return Found(
        row.ticket_id,
        booking,
        Pass(
            site_id=booking.site_id,
            current=row.ticket_state is TicketState.CURRENT,
            status=booking.status,
            seats=booking.seats,
            admitted=booking.admitted,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            seen_over=bool(row.seen_over),
        ),
    )


def get_booking(session: Session, booking_id: UUID) -> BookingAtGate:
    """A booking that a scan names."""
    statement: Select[Any] = select(*_BOOKING_COLUMNS).where(_booking.c.id == booking_id)
    return _booking_of(session.connection().execute(statement).one())


def _booking_of(row: Row[Any]) -> BookingAtGate:
    return BookingAtGate(
        id=row.id,
        number=row.number,
        site_id=row.site_id,
        slot_id=row.slot_id,
        member_id=row.member_id,
        channel=row.channel,
        status=row.status,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        party=Party(row.adults, row.children, row.wheelchairs, row.sign_language),
        admitted=row.admitted,
        revision=row.revision,
        contact_name_cipher=row.contact_name_cipher,
        contact_phone_cipher=row.contact_phone_cipher,
    )


def find_scan(session: Session, *, scanner: str, nonce: str) -> Scan | None:
    """What this scanner was answered under this nonce."""
    return session.scalar(select(Scan).where(Scan.scanner == scanner, Scan.nonce == nonce))


def find_departure(session: Session, *, scanner: str, nonce: str) -> Departure | None:
    """What this scanner counted out under this nonce."""
    return session.scalar(select(Departure).where(Departure.scanner == scanner, Departure.nonce == nonce))


@dataclass(frozen=True, slots=True)
class FirstScan:
    """When and where the first of a party were let in."""

    at: datetime
    scanner: str


def find_first_scan(session: Session, booking_id: UUID, *, as_of: datetime) -> FirstScan | None:
    """The first admission of a booking, as it stood at a moment: undone since then or not."""
    standing = or_(Scan.annulled_at.is_(None), Scan.annulled_at > as_of)
    statement = (
        select(Scan.scanned_at, Scan.scanner)
        .where(Scan.booking_id == booking_id, Scan.result == ScanResult.OK, standing)
        .order_by(Scan.scanned_at, Scan.id)
        .limit(1)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else FirstScan(row.scanned_at, row.scanner)
