"""What a run leaves: cleared before it, tickets made for gates, everything counted after it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update

from content.jobs.reading import add_up_counts
from content.models import ArticleCount, CountChange, Read
from miniprogram_api.devtools.bench.world import Gate, World, table_of
from miniprogram_api.kernel import audit, clock, events
from miniprogram_api.kernel.audit import SYSTEM, AuditHead, AuditRow
from miniprogram_api.kernel.db import atomic, db, is_sqlite, reading
from miniprogram_api.kernel.events import DeliveryRow, EventRow
from miniprogram_api.kernel.idempotency import StoredAnswer
from miniprogram_api.kernel.ids import new_id, short_code
from miniprogram_api.operations.invariants import check
from miniprogram_api.visits import tickets
from miniprogram_api.visits.events import VisitBooked
from miniprogram_api.visits.models import (
    ACTIVE,
    Booking,
    BookingStatus,
    Channel,
    Scan,
    ScanResult,
    Slot,
    Standing,
    Strike,
    Ticket,
    Visitor,
)
from miniprogram_api.visits.rules.policy import DEFAULT
from miniprogram_api.visits.service.ticketing import ticket_row
from miniprogram_api.visits.tickets import TicketClaims

_CLEARED = (
    *(Scan, Strike, Visitor, Ticket, Booking, Standing, StoredAnswer, DeliveryRow, EventRow, AuditRow),
    *(Read, CountChange, ArticleCount),
)
_GENESIS = b"\0" * 32


def clear() -> None:
    """Undo every booking and every read, so that each round meets the same database."""
    with atomic() as session:
        if not is_sqlite(session):
            # Each booking that goes is looked up in every table that names bookings.
            session.execute(text("SET LOCAL statement_timeout = 0"))
        for model in _CLEARED:
            session.execute(delete(model))
        session.execute(update(Slot).where(Slot.booked > 0).values(booked=0))
        session.execute(update(AuditHead).values(sequence=0, hash=_GENESIS))


def issue_tickets(world: World) -> list[tuple[str, UUID, str]]:
    """Book every member into the slots that begin now: the device's token, its site and the ticket's code."""
    now = clock.now()
    gates = [world.gates[number % len(world.gates)] for number in range(len(world.members))]
    bookings = [_booking(gate, member, now) for gate, (member, _) in zip(gates, world.members, strict=True)]
    issued = [_ticket(booking, now) for booking in bookings]
    with atomic() as session:
        connection = session.connection()
        connection.execute(insert(table_of(Booking)), bookings)
        connection.execute(insert(table_of(Ticket)), issued)
        connection.execute(insert(table_of(EventRow)), [_event(booking) for booking in bookings])
        connection.execute(insert(table_of(AuditRow)), [_trail(booking) for booking in bookings])
        taken = select(func.count()).where(Booking.slot_id == Slot.id).scalar_subquery()
        mine = Slot.id.in_([gate.slot["id"] for gate in world.gates])
        session.execute(update(Slot).where(mine).values(booked=taken))
    codes = [_code(gate, ticket) for gate, ticket in zip(gates, issued, strict=True)]
    return [(gate.token, gate.site_id, code) for gate, code in zip(gates, codes, strict=True)]


def _booking(gate: Gate, member: UUID, now: datetime) -> dict[str, Any]:
    slot = gate.slot
    return {
        "id": new_id(),
        "number": f"{slot['visit_on']:%y%m%d}-{short_code()}",
        "member_id": member,
        "site_id": gate.site_id,
        "slot_id": slot["id"],
        "policy_id": slot["policy_id"],
        "channel": Channel.APP,
        "status": BookingStatus.CONFIRMED,
        "visit_on": slot["visit_on"],
        "starts_at": slot["starts_at"],
        "ends_at": slot["ends_at"],
        "adults": 1,
        "children": 0,
        "seats": 1,
        "wheelchairs": 0,
        "admitted": 0,
        "cancel_until": slot["starts_at"],
        "created_at": now - timedelta(hours=1),
        "moves": 0,
        "calendar_sequence": 0,
        "revision": 0,
    }


def _ticket(booking: dict[str, Any], now: datetime) -> dict[str, Any]:
    return ticket_row(
        booking_id=booking["id"],
        sequence=1,
        seats=booking["seats"],
        starts_at=booking["starts_at"],
        ends_at=booking["ends_at"],
        policy=DEFAULT,
        now=now,
    )


def _event(booking: dict[str, Any]) -> dict[str, Any]:
    event = VisitBooked(
        booking_id=str(booking["id"]),
        member_id=str(booking["member_id"]),
        site_id=str(booking["site_id"]),
        slot_id=str(booking["slot_id"]),
        channel=Channel.APP.value,
        seats=booking["seats"],
    )
    return events.rows_of(event)[0]


def _trail(booking: dict[str, Any]) -> dict[str, Any]:
    return audit.row_of(
        actor=SYSTEM, action="visits.book", object_type="booking", object_id=str(booking["id"])
    )


def _code(gate: Gate, ticket: dict[str, Any]) -> str:
    return tickets.issue(
        TicketClaims(
            ticket_id=ticket["id"],
            slot_id=gate.slot["id"],
            seats=ticket["seats"],
            valid_from=ticket["valid_from"],
            valid_until=ticket["valid_until"],
            sequence=ticket["sequence"],
        )
    )


def count_bookings() -> int:
    """Living bookings in the database."""
    with reading() as session:
        return session.scalars(select(func.count()).where(Booking.status.in_(ACTIVE))).one()


def count_admissions() -> int:
    """Heads that gates have let in."""
    with reading() as session:
        return session.scalars(select(func.count()).where(Scan.result == ScanResult.OK)).one()


def count_reads() -> int:
    """What was added up of members' reads."""
    add_up_counts()
    with reading() as session:
        return session.scalars(select(func.coalesce(func.sum(ArticleCount.reads), 0))).one()


def broken_promises() -> list[str]:
    """Every invariant of the product that does not hold: oversold slots, counters adrift, orphans."""
    with reading() as session:
        found = check(session)
    db.session.remove()
    return [
        f"{invariant.code} {invariant.sentence} Broken by: {', '.join(rows[:3])}"
        for invariant, rows in found
        if rows
    ]
