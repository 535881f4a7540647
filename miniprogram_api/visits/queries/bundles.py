"""What a gate needs to go on without a network: the tickets of a site's day, and those that admit no more."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import devices
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import ACTIVE, Booking, Scan, ScanResult, Ticket, TicketState
from miniprogram_api.visits.rules.policy import DAY_MINUTES
from miniprogram_api.visits.tickets import TicketClaims


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A party that is expected, as a gate may see it, and both codes of its ticket."""

    claims: TicketClaims
    key_id: str
    short_code: str
    booking_id: UUID
    number: str
    starts_at: datetime
    ends_at: datetime
    adults: int
    children: int
    wheelchairs: int
    sign_language: bool
    seats: int
    admitted: int
    name_masked: str | None
    phone_masked: str | None


def list_expected(session: Session, site_id: UUID, on: date) -> list[Expected]:
    """Every party of a site's day whose ticket is current, come or not."""
    columns: tuple[Any, ...] = (Ticket, Booking)
    statement = (
        select(*columns)
        .join(Booking, Booking.id == Ticket.booking_id)
        .where(Booking.site_id == site_id, Booking.visit_on == on)
        .where(Booking.status.in_(ACTIVE), Ticket.state == TicketState.CURRENT)
        .order_by(Ticket.id)
    )
    return [_expected(row) for row in session.execute(statement)]


def _expected(row: Row[Any]) -> Expected:
    ticket: Ticket = row.Ticket
    booking: Booking = row.Booking
    name, phone = personal.masked_contact(
        booking.id, name_cipher=booking.contact_name_cipher, phone_cipher=booking.contact_phone_cipher
    )
    return Expected(
        claims=TicketClaims(
            ticket_id=ticket.id,
            slot_id=booking.slot_id,
            seats=ticket.seats,
            valid_from=ticket.valid_from,
            valid_until=ticket.valid_until,
            sequence=ticket.sequence,
        ),
        key_id=ticket.key_id,
        short_code=ticket.short_code,
        booking_id=booking.id,
        number=booking.number,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        adults=booking.adults,
        children=booking.children,
        wheelchairs=booking.wheelchairs,
        sign_language=bool(booking.sign_language),
        seats=booking.seats,
        admitted=booking.admitted,
        name_masked=name,
        phone_masked=phone,
    )


def first_scans(session: Session, site_id: UUID, on: date) -> dict[UUID, tuple[datetime, str]]:
    """When and at which gate the first of each party came, by booking."""
    rows = session.execute(
        select(Booking.id, Scan.scanned_at, Scan.scanner)
        .join(Scan, Scan.booking_id == Booking.id)
        .where(Booking.site_id == site_id, Booking.visit_on == on)
        .where(Scan.result == ScanResult.OK, Scan.annulled_at.is_(None))
        .order_by(Scan.scanned_at.desc(), Scan.id.desc())
    ).all()
    names = devices.names_of(session, {scanner for _, _, scanner in rows})
    return {booking_id: (at, names.get(scanner, scanner)) for booking_id, at, scanner in rows}


def list_revoked(session: Session, site_id: UUID, on: date) -> list[UUID]:
    """Tickets that would have admitted on that day, wherever their bookings have moved since."""
    return list(
        session.scalars(
            select(Ticket.id)
            .join(Booking, Booking.id == Ticket.booking_id)
            .where(Booking.site_id == site_id, Ticket.state == TicketState.REVOKED)
            .where(
                Ticket.valid_from < beijing_time(on, DAY_MINUTES), Ticket.valid_until > beijing_time(on, 0)
            )
            .order_by(Ticket.id)
        )
    )
