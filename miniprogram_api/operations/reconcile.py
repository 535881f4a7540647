"""Reconciliation: counters that disagree with their rows are named, and set right on request."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.operations.drifts import Drift, write_sums
from miniprogram_api.operations.invariants import SEATED
from miniprogram_api.operations.reconcile_articles import repair_article
from miniprogram_api.visits.models import Booking, DayCap, Hold, HoldState, Slot

_COUNTERS = ("booked", "held", "children_booked", "wheelchairs_booked", "sign_language_booked")


def slot_drifts(session: Session, slot_id: UUID | None = None) -> list[Drift]:
    """Every slot, or this one, whose counters drifted."""
    slots = _slot_sums() if slot_id is None else _slot_sums().where(Slot.id == slot_id)
    found = []
    for row_id, *numbers in session.execute(slots):
        counted = dict(zip(_COUNTERS, numbers[: len(_COUNTERS)], strict=True))
        summed = dict(zip(_COUNTERS, numbers[len(_COUNTERS) :], strict=True))
        if counted != summed:
            found.append(Drift("slot", str(row_id), counted, summed))
    return found


def _slot_sums() -> Select[Any]:
    seated = (Booking.slot_id == Slot.id, Booking.status.in_(SEATED))
    held = (Hold.slot_id == Slot.id, Hold.state == HoldState.ACTIVE)
    return select(
        Slot.id,
        *(getattr(Slot, name) for name in _COUNTERS),
        _sum(Booking.seats, *seated),
        _sum(Hold.seats, *held),
        _sum(Booking.children, *seated),
        _sum(Booking.wheelchairs, *seated),
        _sum(Booking.sign_language, *seated),
    )


def _sum(column: Any, *conditions: ColumnElement[bool]) -> Any:
    return select(func.coalesce(func.sum(column), 0)).where(*conditions).correlate(Slot).scalar_subquery()


def day_drifts(session: Session, which: ColumnElement[bool] | None = None) -> list[Drift]:
    """Every day with a cap, or those meant, whose counter drifted from its slots'."""
    taken = (
        select(func.coalesce(func.sum(Slot.booked + Slot.held), 0))
        .where(Slot.site_id == DayCap.site_id, Slot.visit_on == DayCap.visit_on)
        .correlate(DayCap)
        .scalar_subquery()
    )
    days = select(DayCap.site_id, DayCap.visit_on, DayCap.booked, taken)
    if which is not None:
        days = days.where(which)
    return [
        Drift("day", f"{site_id}/{visit_on}", {"booked": counted}, {"booked": summed})
        for site_id, visit_on, counted, summed in session.execute(days)
        if counted != summed
    ]


def repair(session: Session, drift: Drift, *, reason: str) -> Drift | None:
    """Set a counter to the sum of its rows, with an audit row; returns what was done, None when all is well.

    Slots come before their days. IntegrityError when the sum is beyond capacity: somebody has to decide who
    stays.
    """
    return _REPAIRS[drift.object_type](session, drift, reason)


def _repair_slot(session: Session, drift: Drift, reason: str) -> Drift | None:
    this = Slot.id == UUID(drift.object_id)
    # Whoever changes the slot's rows changes its counters too: under its lock the sums stand still.
    session.execute(select(Slot.id).where(this).with_for_update())
    return write_sums(session, slot_drifts(session, UUID(drift.object_id)), update(Slot).where(this), reason)


def _repair_day(session: Session, drift: Drift, reason: str) -> Drift | None:
    site_id, _, visit_on = drift.object_id.partition("/")
    this = and_(DayCap.site_id == UUID(site_id), DayCap.visit_on == date.fromisoformat(visit_on))
    session.execute(select(DayCap.visit_on).where(this).with_for_update())
    return write_sums(session, day_drifts(session, this), update(DayCap).where(this), reason)


_REPAIRS: Mapping[str, Callable[[Session, Drift, str], Drift | None]] = MappingProxyType(
    {"slot": _repair_slot, "day": _repair_day, "article": repair_article}
)
