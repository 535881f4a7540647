"""The bookings of a change that was taken back, in the order in which they were made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, select
from sqlalchemy.orm import Session

from miniprogram_api.visits.models import Booking, BookingStatus, ChangedBooking, Slot, Treatment
from miniprogram_api.visits.queries.slot_changes import MOVER, as_movers
from miniprogram_api.visits.rules.moving import Mover, Room

_BY_SITE = "site"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A booking as it stands and the slot that it had before the change.

    `changed`: somebody changed it since. `untouched`: the change had not come to it yet.
    """

    mover: Mover
    effect: Treatment
    back: Room
    changed: bool
    untouched: bool
    cancelled_at: datetime | None


def list_members(session: Session, change_id: UUID, *, limit: int) -> set[UUID]:
    """Whose the next bookings are that wait to be restored."""
    next_ones = _due(change_id).with_only_columns(Booking.member_id).limit(limit)
    return {member_id for member_id in session.scalars(next_ones) if member_id is not None}


def list_waiting(session: Session, change_id: UUID, *, limit: int, locking: bool = True) -> list[Waiting]:
    """The next bookings that wait to be restored; when `locking`, without those being changed right now."""
    due = _due(change_id).limit(limit)
    if locking:
        due = due.with_for_update(of=Booking, skip_locked=True)
    rows = [row._mapping for row in session.execute(due)]
    movers = as_movers(session, rows)
    return [_waiting(row, mover) for row, mover in zip(rows, movers, strict=True)]


def _due(change_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *MOVER,
            Booking.contact_phone_index,
            Booking.status,
            Booking.admitted,
            Booking.cancelled_at,
            Booking.cancelled_by,
            ChangedBooking.effect,
            ChangedBooking.slot_after,
            ChangedBooking.revision.label("left_at"),
            Slot.id.label("old_id"),
            Slot.visit_on.label("old_on"),
            Slot.starts_at.label("old_starts"),
            Slot.ends_at.label("old_ends"),
        )
        .join(ChangedBooking, ChangedBooking.booking_id == Booking.id)
        .join(Slot, Slot.id == ChangedBooking.slot_before)
        .where(
            and_(
                ChangedBooking.change_id == change_id,
                ChangedBooking.outcome.is_(None),
                ChangedBooking.effect != Treatment.KEEP,
            )
        )
        .order_by(Booking.created_at, Booking.id)
    )


def _waiting(row: RowMapping, mover: Mover) -> Waiting:
    back = Room(
        slot_id=row["old_id"],
        visit_on=row["old_on"],
        starts_at=row["old_starts"],
        ends_at=row["old_ends"],
        seats=0,
    )
    confirmed = row["status"] is BookingStatus.CONFIRMED and row["admitted"] == 0
    if row["effect"] is Treatment.MOVE:
        as_left = confirmed and row["slot_id"] == row["slot_after"]
    else:
        as_left = row["status"] is BookingStatus.CANCELLED and row["cancelled_by"] == _BY_SITE
    return Waiting(
        mover=mover,
        effect=row["effect"],
        back=back,
        changed=not (as_left and row["revision"] == row["left_at"]),
        untouched=confirmed and row["slot_id"] == row["old_id"] and row["revision"] == row["left_at"] - 1,
        cancelled_at=row["cancelled_at"],
    )
