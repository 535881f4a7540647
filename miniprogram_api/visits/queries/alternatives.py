"""What a party could have instead of a slot that is full, as plain values for the refusal to carry.

A sold-out slot is asked for again and again, so the statement is built once, with named parameters.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Date,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import UtcDateTime
from miniprogram_api.visits.models import DayCap, Hold, HoldState, Slot, SlotState
from miniprogram_api.visits.queries.booking_facts import BookingFacts
from miniprogram_api.visits.rules.bookings import instant_text
from miniprogram_api.visits.rules.party import Party

_SHOWN = 5
_FAR = timedelta(days=366)

_slot: FromClause = Slot.__table__
_day: FromClause = DayCap.__table__
_hold: FromClause = Hold.__table__
_now = bindparam("now", type_=UtcDateTime())
_seats = bindparam("seats", type_=Integer())


def list_alternatives(
    session: Session, facts: BookingFacts, party: Party, *, now: datetime
) -> list[dict[str, Any]]:
    """The next open slots of the same site that fit the party, at most five."""
    access = facts.situation.access
    if not access.bookable:
        return []
    horizon = _FAR if access.horizon_days is None else timedelta(days=access.horizon_days)
    values = {
        "site_id": facts.site.id,
        "slot_id": facts.slot_id,
        "now": now,
        "last_on": beijing_date(now) + horizon,
        "seats": party.seats,
        "children": party.children,
        "wheelchairs": party.wheelchairs,
        "sign_language": party.sign_language,
    }
    return [
        {
            "id": str(row.id),
            "starts_at": instant_text(row.starts_at),
            "ends_at": instant_text(row.ends_at),
            "left": row.seats_left if row.day_left is None else min(row.seats_left, row.day_left),
        }
        for row in session.connection().execute(_statement(), values)
    ]


@cache
def _statement() -> Select[*tuple[Any, ...]]:
    expired = case((_slot.c.held > 0, _expired()), else_=0)
    seats_left = _slot.c.capacity - _slot.c.booked - _slot.c.held + expired
    day_left = _day.c.capacity - _day.c.booked
    same_day = and_(_day.c.site_id == _slot.c.site_id, _day.c.visit_on == _slot.c.visit_on)
    return (
        select(
            _slot.c.id,
            _slot.c.starts_at,
            _slot.c.ends_at,
            seats_left.label("seats_left"),
            day_left.label("day_left"),
        )
        .select_from(_slot.outerjoin(_day, same_day))
        .where(
            _slot.c.site_id == bindparam("site_id", type_=Uuid()),
            _slot.c.id != bindparam("slot_id", type_=Uuid()),
            _slot.c.state == SlotState.OPEN,
            _slot.c.provisional.is_(False),
            _slot.c.starts_at > _now,
            _slot.c.releases_at <= _now,
            _slot.c.books_until > _now,
            _slot.c.visit_on <= bindparam("last_on", type_=Date()),
            seats_left >= _seats,
            or_(_day.c.capacity.is_(None), day_left >= _seats),
            _rest_is(_slot.c.child_capacity, _slot.c.children_booked, "children"),
            _rest_is(_slot.c.wheelchair_capacity, _slot.c.wheelchairs_booked, "wheelchairs"),
            _rest_is(_slot.c.sign_language_capacity, _slot.c.sign_language_booked, "sign_language"),
        )
        .order_by(_slot.c.starts_at)
        .limit(_SHOWN)
    )


def _expired() -> ScalarSelect[int]:
    over = and_(_hold.c.state == HoldState.ACTIVE, _hold.c.expires_at <= _now)
    return (
        select(func.coalesce(func.sum(_hold.c.seats), 0))
        .where(_hold.c.slot_id == _slot.c.id, over)
        .correlate(_slot)
        .scalar_subquery()
    )


def _rest_is(capacity: Any, taken: Any, wanted: str) -> Any:
    return or_(capacity.is_(None), capacity - taken >= bindparam(wanted, type_=Integer()))
