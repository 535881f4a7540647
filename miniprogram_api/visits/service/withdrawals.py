"""What a withdrawn site means for visits: nothing on sale from now on, later visits cancelled in batches.

Visits that begin before the withdrawal takes effect keep their bookings and tickets, in closed slots.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.visits.events import VisitCancelledByAuthority, VisitsWithdrawn
from miniprogram_api.visits.models import Booking, BookingStatus, Slot, SlotState
from miniprogram_api.visits.queries.withdrawals import BY_AUTHORITY, Scope
from miniprogram_api.visits.rules.slots import WITHDRAWN
from miniprogram_api.visits.rules.timetable import OPEN
from miniprogram_api.visits.service.ending import BATCH, Ended, end_bookings
from miniprogram_api.visits.service.holds import release_holds_at


@dataclass(frozen=True, slots=True)
class Batch:
    """The bookings that were cancelled, the nearest visit first, and whether more are due."""

    cancelled: list[Ended]
    more: bool


def close_slots(session: Session, *, site_id: UUID, now: datetime) -> int:
    """Close every open slot to come, in one statement; returns how many.

    Whoever is booking one is waited for, and their booking is among those to cancel.
    """
    coming = (
        select(Slot.id)
        .where(Slot.site_id == site_id, Slot.starts_at > now, Slot.state == SlotState.OPEN)
        .order_by(Slot.id)
        .with_for_update()
    )
    shut = {**OPEN, "state": SlotState.CLOSED, "closed_reason": WITHDRAWN}
    return execute_counting(session, update(Slot).where(Slot.id.in_(coming)).values(shut))


def cancel_visits(
    session: Session,
    scope: Scope,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    limit: int = BATCH,
) -> Batch:
    """Cancel the next of these visits, and give back what is held in slots that are closed."""
    release_holds_at(session, site_id=scope.site_id, since=now, actor=actor)
    due = select(Booking.id).where(scope.due(now)).order_by(Booking.starts_at, Booking.id).limit(limit + 1)
    ids = list(session.scalars(due))
    gone = end_bookings(
        session, ids[:limit], was=BookingStatus.CONFIRMED, by=BY_AUTHORITY, reason=reason, now=now
    )
    gone.sort(key=lambda booking: (booking.starts_at, booking.id))
    if gone:
        _tell(session, scope.site_id, gone, actor)
    return Batch(gone, more=len(ids) > limit)


def _tell(session: Session, site_id: UUID, gone: list[Ended], actor: Actor) -> None:
    of_each = [
        VisitCancelledByAuthority(
            booking_id=str(booking.id), site_id=str(site_id), slot_id=str(booking.slot_id)
        )
        for booking in gone
    ]
    days = sorted({booking.visit_on.isoformat() for booking in gone})
    events.publish_all(session, [*of_each, VisitsWithdrawn(str(site_id), days=days, bookings=len(gone))])
    trail = [
        audit.row_of(
            actor=actor,
            action="visits.cancel_by_authority",
            object_type="booking",
            object_id=str(booking.id),
            before={"status": BookingStatus.CONFIRMED.value},
            after={"status": BookingStatus.CANCELLED.value},
        )
        for booking in gone
    ]
    audit.record_all(session, trail)
