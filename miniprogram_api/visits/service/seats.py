"""Taking and returning places: counters change by conditional UPDATE, here and in `booking_sql` only.

Whatever is touched together is touched in one order: days, then slots by id. Taking checks what is there
when the lock is got; returning needs no check.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from miniprogram_api.visits.models import DayCap, Slot, SlotState


class Short(StrEnum):
    """Where there was no place."""

    DAY = "day"
    SLOT = "slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Places of one slot to take (positive) or to return (negative)."""

    site_id: UUID
    visit_on: date
    slot_id: UUID
    booked: int = 0
    held: int = 0
    children: int = 0
    wheelchairs: int = 0
    sign_language: int = 0

    @property
    def seats(self) -> int:
        return self.booked + self.held

    @property
    def takes(self) -> bool:
        return max(self.seats, self.children, self.wheelchairs, self.sign_language) > 0


def move_places(session: Session, changes: Iterable[Places]) -> Short | None:
    """Take and return places of several slots; None, or where there was not enough.

    After a shortage the caller must roll back. A slot is one change at most, and must be open to take
    anybody in.
    """
    wanted = sorted(changes, key=lambda change: change.slot_id)
    for (site_id, visit_on), seats in sorted(_by_day(wanted).items()):
        if seats and not _change_day(session, site_id, visit_on, seats):
            return Short.DAY
    for change in wanted:
        if not _change_slot(session, change):
            return Short.SLOT
    return None


def _by_day(changes: Sequence[Places]) -> dict[tuple[UUID, date], int]:
    days: dict[tuple[UUID, date], int] = defaultdict(int)
    for change in changes:
        days[change.site_id, change.visit_on] += change.seats
    return days


def _change_day(session: Session, site_id: UUID, visit_on: date, seats: int) -> bool:
    """Whether the day's cap lets it; a day without a cap lets anything."""
    this_day = and_(DayCap.site_id == site_id, DayCap.visit_on == visit_on)
    change = update(DayCap).where(this_day).values(booked=DayCap.booked + seats)
    if seats > 0:
        change = change.where(DayCap.booked + seats <= DayCap.capacity)
    if _applies(session, change.returning(DayCap.site_id)):
        return True
    return session.scalar(select(DayCap.site_id).where(this_day)) is None


def _change_slot(session: Session, change: Places) -> bool:
    statement = (
        update(Slot)
        .where(Slot.id == change.slot_id)
        .values(
            booked=Slot.booked + change.booked,
            held=Slot.held + change.held,
            children_booked=Slot.children_booked + change.children,
            wheelchairs_booked=Slot.wheelchairs_booked + change.wheelchairs,
            sign_language_booked=Slot.sign_language_booked + change.sign_language,
        )
    )
    if change.takes:
        statement = statement.where(_has_room(change))
    return _applies(session, statement.returning(Slot.id))


def _has_room(change: Places) -> ColumnElement[bool]:
    return and_(
        Slot.state == SlotState.OPEN,
        Slot.booked + Slot.held + change.seats <= Slot.capacity,
        or_(Slot.child_capacity.is_(None), Slot.children_booked + change.children <= Slot.child_capacity),
        or_(
            Slot.wheelchair_capacity.is_(None),
            Slot.wheelchairs_booked + change.wheelchairs <= Slot.wheelchair_capacity,
        ),
        or_(
            Slot.sign_language_capacity.is_(None),
            Slot.sign_language_booked + change.sign_language <= Slot.sign_language_capacity,
        ),
    )


def _applies(session: Session, statement: Any) -> bool:
    quiet = statement.execution_options(synchronize_session=False)
    return session.execute(quiet).first() is not None
