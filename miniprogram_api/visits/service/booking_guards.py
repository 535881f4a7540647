"""What a booking is compared with and what it takes, as pieces for both ways of writing it.

A guard is a condition on a row; its claim changes the row where the condition holds. Conditions are read on
the newest version of a row, when its lock is got.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Table,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from miniprogram_api.kernel.db import Model, UtcDateTime
from miniprogram_api.visits.models import DayCap, Hold, HoldState, Slot, SlotState, Standing


class Guard(StrEnum):
    """What is compared, in the order in which locks are taken."""

    KEY = "key"
    MEMBER = "member"
    HOLD = "hold"
    DAY = "day"
    SLOT = "slot"


_PREFIX = "wanted_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The values that the conditions compare with; a key, member or hold that is None is not compared."""

    now: datetime
    slot_id: UUID
    site_id: UUID
    visit_on: date
    seats: int
    children: int
    wheelchairs: int
    sign_language: int
    overridden: bool
    capped_day: bool
    lock_number: int | None
    member_id: UUID | None
    revision: int
    hold_id: UUID | None
    held_before: int  # seats that the visitor's own hold has kept

    def guards(self) -> tuple[Guard, ...]:
        """What there is to compare, in order."""
        compared = {
            Guard.KEY: self.lock_number is not None,
            Guard.MEMBER: self.member_id is not None,
            Guard.HOLD: self.hold_id is not None,
            Guard.DAY: self.capped_day,
            Guard.SLOT: True,
        }
        return tuple(guard for guard in Guard if compared[guard])

    def parameters(self) -> dict[str, Any]:
        """By name. The prefix keeps them from being taken for columns to set."""
        return {f"{_PREFIX}{name}": getattr(self, name) for name in self.__slots__}


def table_of(model: type[Model]) -> Table:
    """The table itself: through it a statement does without what the ORM would add for each execution."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  declared classes map tables, never joins
    return table


_slot, _day, _hold = table_of(Slot), table_of(DayCap), table_of(Hold)
_standing = table_of(Standing)


def _wanted(name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    return bindparam(f"{_PREFIX}{name}", type_=kind)


_now = _wanted("now", UtcDateTime())
_slot_id, _site_id = _wanted("slot_id", Uuid()), _wanted("site_id", Uuid())
_visit_on = _wanted("visit_on", Date())
_seats, _children = _wanted("seats", Integer()), _wanted("children", Integer())
_wheelchairs = _wanted("wheelchairs", Integer())
_sign_language = _wanted("sign_language", Integer())
_overridden = _wanted("overridden", Boolean()) == true()
_lock_number = _wanted("lock_number", BigInteger())
_member_id, _revision = _wanted("member_id", Uuid()), _wanted("revision", Integer())
_hold_id, _held_before = _wanted("hold_id", Uuid()), _wanted("held_before", Integer())


def in_one(guard: Guard, passed: ColumnElement[bool]) -> Any:
    """A guard as a part of the one statement, where those before it have passed.

    A hold and a day are only locked: whether they are used up is known once the slot is claimed.
    """
    match guard:
        case Guard.KEY:
            return select(func.pg_try_advisory_xact_lock(_lock_number).label("got"))
        case Guard.MEMBER:
            return _raise_revision(passed)
        case Guard.HOLD:
            return select(_hold.c.id).where(_hold_is_good(), passed).with_for_update()
        case Guard.DAY:
            return select(_day.c.site_id).where(_day_has_room(), passed).with_for_update()
        case Guard.SLOT:
            return _claim_slot(and_(slot_has_room(), passed))


def once_claimed(guard: Guard, claimed: ColumnElement[bool]) -> Any | None:
    """What becomes of a guard's row once the slot is claimed, if anything does."""
    match guard:
        case Guard.HOLD:
            return _use_hold(and_(_hold_is_good(), claimed))
        case Guard.DAY:
            return _claim_day(and_(_day_has_room(), claimed))
        case _:
            return None


@cache
def on_its_own(guard: Guard) -> Any | None:
    """A guard and its claim as a statement of SQLite's, whose writers come one by one; none for a key."""
    match guard:
        case Guard.KEY:
            return None
        case Guard.MEMBER:
            return _raise_revision_sqlite()
        case Guard.HOLD:
            return _use_hold(_hold_is_good())
        case Guard.DAY:
            return _claim_day(_day_has_room())
        case Guard.SLOT:
            return _claim_slot(slot_has_room())


def slot_is_there() -> ColumnElement[bool]:
    """Nothing but which slot it is; alone it guards nothing, which is what controls need."""
    return _slot.c.id == _slot_id


def slot_has_room() -> ColumnElement[bool]:
    """The slot is open and released, and all that the party needs fits: the guard of capacity."""
    in_time = and_(_slot.c.provisional.is_(False), _slot.c.releases_at <= _now, _slot.c.books_until > _now)
    return and_(
        slot_is_there(),
        _slot.c.state == SlotState.OPEN,
        or_(in_time, _overridden),
        _slot.c.booked + _slot.c.held + _seats - _held_before <= _slot.c.capacity,
        or_(
            _slot.c.child_capacity.is_(None),
            _slot.c.children_booked + _children <= _slot.c.child_capacity,
        ),
        or_(
            _slot.c.wheelchair_capacity.is_(None),
            _slot.c.wheelchairs_booked + _wheelchairs <= _slot.c.wheelchair_capacity,
        ),
        or_(
            _slot.c.sign_language_capacity.is_(None),
            _slot.c.sign_language_booked + _sign_language <= _slot.c.sign_language_capacity,
        ),
    )


def member_is_unchanged() -> ColumnElement[bool]:
    """The standing is the one the rules were checked against, and no bar has come since."""
    not_barred = or_(_standing.c.barred_until.is_(None), _standing.c.barred_until <= _now)
    return and_(_standing.c.revision == _revision, not_barred)


def _hold_is_good() -> ColumnElement[bool]:
    return and_(
        _hold.c.id == _hold_id,
        _hold.c.member_id == _member_id,
        _hold.c.slot_id == _slot_id,
        _hold.c.state == HoldState.ACTIVE,
        _hold.c.expires_at > _now,
    )


def _day_has_room() -> ColumnElement[bool]:
    return and_(
        _day.c.site_id == _site_id,
        _day.c.visit_on == _visit_on,
        _day.c.booked + _seats - _held_before <= _day.c.capacity,
    )


def _claim_slot(condition: ColumnElement[bool]) -> Any:
    return (
        update(_slot)
        .where(condition)
        .values(
            booked=_slot.c.booked + _seats,
            held=_slot.c.held - _held_before,
            children_booked=_slot.c.children_booked + _children,
            wheelchairs_booked=_slot.c.wheelchairs_booked + _wheelchairs,
            sign_language_booked=_slot.c.sign_language_booked + _sign_language,
        )
        .returning(_slot.c.id)
    )


def _claim_day(condition: ColumnElement[bool]) -> Any:
    booked = _day.c.booked + _seats - _held_before
    return update(_day).where(condition).values(booked=booked).returning(_day.c.site_id)


def _use_hold(condition: ColumnElement[bool]) -> Any:
    return update(_hold).where(condition).values(state=HoldState.USED).returning(_hold.c.id)


def _raise_revision_sqlite() -> Any:
    first = {"member_id": _member_id, "revision": 1, "barred_until": None}
    statement = sqlite.insert(_standing).values(first)
    return statement.on_conflict_do_update(
        index_elements=["member_id"],
        set_={"revision": _standing.c.revision + 1},
        where=member_is_unchanged(),
    ).returning(_standing.c.member_id)


def _raise_revision(condition: ColumnElement[bool]) -> Any:
    first = select(_member_id, literal(1, Integer()), cast(null(), UtcDateTime)).where(condition)
    statement = postgresql.insert(_standing).from_select(["member_id", "revision", "barred_until"], first)
    return statement.on_conflict_do_update(
        index_elements=["member_id"],
        set_={"revision": _standing.c.revision + 1},
        where=member_is_unchanged(),
    ).returning(_standing.c.member_id)
