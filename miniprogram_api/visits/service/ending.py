"""Ending bookings over their members' heads: cancelled, no ticket left, their places given back.

Statements over whole sets of rows, shared by all who do it: a site that does not open, the authority that
withdraws it, and what turns out afterwards to have been no visit.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from miniprogram_api.visits.models import Booking, BookingStatus, Ticket, TicketState, Visitor
from miniprogram_api.visits.service.seats import Places, move_places

BATCH = 500
BY_SITE = "site"

_QUIETLY = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Ended:
    """A booking that was ended, with what it had taken."""

    id: UUID
    number: str
    member_id: UUID | None
    site_id: UUID
    slot_id: UUID
    visit_on: date
    starts_at: datetime
    ends_at: datetime
    seats: int
    children: int
    wheelchairs: int
    sign_language: int


_ENDED = tuple(getattr(Booking, name) for name in Ended.__slots__)


def end_bookings(
    session: Session,
    booking_ids: Sequence[UUID],
    *,
    was: BookingStatus,
    by: str,
    reason: str | None,
    now: datetime,
) -> list[Ended]:
    """Cancel those of the bookings that are in this state and of which nobody came; returns them.

    Their tickets are revoked, their visitors' day is free, their places go back.
    """
    if not booking_ids:
        return []
    ended = _cancel(session, booking_ids, was=was, by=by, reason=reason, now=now)
    ids = [booking.id for booking in ended]
    revoked = update(Ticket).where(Ticket.booking_id.in_(ids), Ticket.state == TicketState.CURRENT)
    session.execute(revoked.values(state=TicketState.REVOKED, revoked_at=now).execution_options(**_QUIETLY))
    freed = update(Visitor).where(Visitor.booking_id.in_(ids), Visitor.active)
    session.execute(freed.values(active=False, released_at=now).execution_options(**_QUIETLY))
    move_places(session, _places(ended))
    return ended


def _cancel(
    session: Session,
    booking_ids: Sequence[UUID],
    *,
    was: BookingStatus,
    by: str,
    reason: str | None,
    now: datetime,
) -> list[Ended]:
    statement = (
        update(Booking)
        .where(Booking.id.in_(booking_ids), Booking.status == was, Booking.admitted == 0)
        .values(
            status=BookingStatus.CANCELLED,
            cancelled_at=now,
            cancelled_by=by,
            cancel_reason=reason,
            calendar_sequence=Booking.calendar_sequence + 1,
            revision=Booking.revision + 1,
        )
        .returning(*_ENDED)
    )
    return [Ended(*row) for row in session.execute(statement.execution_options(**_QUIETLY))]


def _places(ended: Sequence[Ended]) -> list[Places]:
    """What goes back, by slot: one change of a slot's counters for all of its bookings."""
    by_slot: dict[UUID, list[Ended]] = defaultdict(list)
    for booking in ended:
        by_slot[booking.slot_id].append(booking)
    return [
        Places(
            site_id=bookings[0].site_id,
            visit_on=bookings[0].visit_on,
            slot_id=slot_id,
            booked=-sum(booking.seats for booking in bookings),
            children=-sum(booking.children for booking in bookings),
            wheelchairs=-sum(booking.wheelchairs for booking in bookings),
            sign_language=-sum(booking.sign_language for booking in bookings),
        )
        for slot_id, bookings in by_slot.items()
    ]
