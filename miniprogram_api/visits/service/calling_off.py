"""Cancelling the bookings of closed slots as the site, in batches of statements over whole sets of rows.

A batch is one transaction's worth; what is left is announced by an event that brings the next batch, so that
a crash anywhere loses nothing. Each booking leaves the set of living ones once, and so is told of once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.visits.events import CancellingContinues, VisitCancelledBySite
from miniprogram_api.visits.models import Booking, BookingStatus, Slot, SlotState
from miniprogram_api.visits.queries.living import is_living
from miniprogram_api.visits.rules.slots import WITHDRAWN
from miniprogram_api.visits.service.ending import BATCH, BY_SITE, Ended, end_bookings


@dataclass(frozen=True, slots=True)
class BookingHit:
    """A booking that would be cancelled; no names, the site's list of bookings has them."""

    id: UUID
    number: str
    slot_id: UUID
    starts_at: datetime
    seats: int


@dataclass(frozen=True, slots=True)
class Hits:
    """The bookings a change hits; `bookings` shows the first 500 of `bookings_total`, nearest visit first."""

    slots: int
    seats: int
    bookings_total: int
    bookings: list[BookingHit]


NOBODY = Hits(0, 0, 0, [])


@dataclass(frozen=True, slots=True)
class Batch:
    """How many bookings were cancelled, and whether more are due."""

    cancelled: int
    more: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why bookings of a slot are cancelled."""

    code: str
    text: str | None


def preview(session: Session, *, slot_ids: Sequence[UUID], now: datetime) -> Hits:
    """The living bookings of these slots; nothing changes."""
    if not slot_ids:
        return NOBODY
    due = and_(Booking.slot_id.in_(slot_ids), is_living(now))
    wanted = (
        select(Booking.id, Booking.number, Booking.slot_id, Booking.starts_at, Booking.seats)
        .where(due)
        .order_by(Booking.starts_at, Booking.id)
        .limit(BATCH)
    )
    shown = [BookingHit(*row) for row in session.execute(wanted)]
    total, seats = len(shown), sum(hit.seats for hit in shown)
    if total == BATCH:
        counted = select(func.count(), func.coalesce(func.sum(Booking.seats), 0)).where(due)
        total, seats = session.execute(counted).one()
    return Hits(len(slot_ids), int(seats), total, shown)


def call_off(
    session: Session,
    *,
    site_id: UUID,
    actor: Actor,
    now: datetime,
    limit: int = BATCH,
    waits: bool = True,
) -> Batch:
    """Cancel the next bookings of a site in slots that are closed, the nearest visit first.

    Who holds slots locked must not wait for bookings, which others lock first: without `waits` those that
    somebody is changing at this moment are left to the next batch.
    """
    due = (
        select(Booking.id, Slot.id, Slot.closed_reason, Slot.closed_text)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(
            Slot.site_id == site_id,
            Slot.state == SlotState.CLOSED,
            Slot.closed_reason != WITHDRAWN,
            Slot.starts_at > now,
            is_living(now),
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(limit + 1)
    )
    rows = session.execute(due.with_for_update(of=Booking, skip_locked=not waits)).all()
    reasons = {slot_id: Reason(code or "closed", text) for _, slot_id, code, text in rows}
    due_ids = [booking_id for booking_id, *_ in rows[:limit]]
    gone = cancel_bookings(session, due_ids, reasons=reasons, actor=actor, now=now)
    more = session.execute(due.limit(1)).first() is not None
    if more:
        events.publish(session, CancellingContinues(str(site_id)))
    return Batch(len(gone), more)


def cancel_bookings(
    session: Session,
    booking_ids: Sequence[UUID],
    *,
    reasons: Mapping[UUID, Reason],
    actor: Actor,
    now: datetime,
) -> list[Ended]:
    """Cancel those of the bookings that are living as the site, each for the reason of its slot, and tell."""
    gone = end_bookings(session, booking_ids, was=BookingStatus.CONFIRMED, by=BY_SITE, reason=None, now=now)
    if gone:
        _write_reasons(session, gone, reasons)
        _tell(session, gone, reasons, actor)
    return gone


def _write_reasons(session: Session, gone: list[Ended], reasons: Mapping[UUID, Reason]) -> None:
    by_text: dict[str, list[UUID]] = defaultdict(list)
    for booking in gone:
        text = reasons[booking.slot_id].text
        if text:
            by_text[text].append(booking.id)
    for text, ids in by_text.items():
        statement = update(Booking).where(Booking.id.in_(ids)).values(cancel_reason=text)
        session.execute(statement.execution_options(synchronize_session=False))


def _tell(session: Session, gone: list[Ended], reasons: Mapping[UUID, Reason], actor: Actor) -> None:
    facts = [
        VisitCancelledBySite(
            booking_id=str(booking.id),
            site_id=str(booking.site_id),
            slot_id=str(booking.slot_id),
            reason_code=reasons[booking.slot_id].code,
        )
        for booking in gone
    ]
    events.publish_all(session, facts)
    trail = [
        audit.row_of(
            actor=actor,
            action="visits.cancel_by_site",
            object_type="booking",
            object_id=str(booking.id),
            before={"status": BookingStatus.CONFIRMED.value},
            after={"status": BookingStatus.CANCELLED.value, "reason_code": reasons[booking.slot_id].code},
        )
        for booking in gone
    ]
    audit.record_all(session, trail)
