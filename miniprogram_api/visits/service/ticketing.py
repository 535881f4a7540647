"""Tickets of bookings: the row of a new one, and replacing the current one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel.ids import new_id, short_code
from miniprogram_api.visits import tickets
from miniprogram_api.visits.models import Ticket, TicketState
from miniprogram_api.visits.rules.policy import Policy


def ticket_row(
    *,
    booking_id: UUID,
    sequence: int,
    seats: int,
    starts_at: datetime,
    ends_at: datetime,
    policy: Policy,
    now: datetime,
) -> dict[str, Any]:
    """The columns of a booking's next ticket: it admits as long as the policy's gate does."""
    return {
        "id": new_id(),
        "booking_id": booking_id,
        "sequence": sequence,
        "short_code": short_code(),
        "key_id": tickets.active_key(),
        "seats": seats,
        "valid_from": policy.entry_from(starts_at),
        "valid_until": policy.entry_until(starts_at, ends_at),
        "state": TicketState.CURRENT,
        "issued_at": now,
        "revoked_at": None,
    }


def revoke(session: Session, *, booking_id: UUID, now: datetime) -> None:
    """Take the current ticket back; a booking without one stays without."""
    current = update(Ticket).where(Ticket.booking_id == booking_id, Ticket.state == TicketState.CURRENT)
    taken_back = current.values(state=TicketState.REVOKED, revoked_at=now)
    session.execute(taken_back.execution_options(synchronize_session=False))


def reissue(
    session: Session,
    *,
    booking_id: UUID,
    seats: int,
    starts_at: datetime,
    ends_at: datetime,
    policy: Policy,
    now: datetime,
) -> None:
    """Replace the current ticket by one with the next sequence; the old code admits no more."""
    revoke(session, booking_id=booking_id, now=now)
    last = session.scalar(select(func.max(Ticket.sequence)).where(Ticket.booking_id == booking_id))
    row = ticket_row(
        booking_id=booking_id,
        sequence=(last or 0) + 1,
        seats=seats,
        starts_at=starts_at,
        ends_at=ends_at,
        policy=policy,
        now=now,
    )
    session.execute(insert(Ticket), [row])
