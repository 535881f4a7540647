"""Everything the booking rules look at, in one statement: slot, day, site, policy, visits and hold.

This is the read of the hot path: it refuses what must be refused before a write opens. The statement is
built once per shape with named parameters, so that SQLAlchemy finds its compiled form, and the driver its
prepared one, by key.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    FromClause,
    Integer,
    Row,
    ScalarSelect,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import UtcDateTime
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.rules import Detail, visibility
from miniprogram_api.visits.models import (
    ACTIVE,
    Booking,
    DayCap,
    Hold,
    HoldState,
    PolicyVersion,
    Slot,
    SlotState,
    Standing,
)
from miniprogram_api.visits.queries.shown import SiteShown
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.bookings import Situation, Visitings
from miniprogram_api.visits.rules.slots import Access, SlotFacts

NOBODY = UUID(int=0)
_BOOKED_BY_SLOTS = "slots"  # a site's booking mode; features do not share their models
_LONGEST_LIMIT = timedelta(days=366)  # the longest period a policy can count visits over
_LONGEST_VISIT = timedelta(days=2)

_slot: FromClause = Slot.__table__
_day: FromClause = DayCap.__table__
_booking: FromClause = Booking.__table__
_standing: FromClause = Standing.__table__
_policy: FromClause = PolicyVersion.__table__
_hold: FromClause = Hold.__table__

_member_id = bindparam("member_id", type_=Uuid())
_now = bindparam("now", type_=UtcDateTime())


@dataclass(frozen=True, slots=True)
class HoldFound:
    """The visitor's hold on this slot, whatever its state."""

    id: UUID
    seats: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFacts:
    """What one visitor meets at one slot, and what the write compares with."""

    slot_id: UUID
    site: SiteShown
    visit_on: date
    starts_at: datetime
    ends_at: datetime
    policy_id: UUID
    situation: Situation
    revision: int
    hold: HoldFound | None
    has_day_cap: bool
    seats_free: int  # without those under expired holds, which have to be cleared first
    day_free: int | None

    def needs_clearing(self, seats: int) -> bool:
        """Whether so many seats can be had only once expired holds are cleared away."""
        return seats > self.seats_free or (self.day_free is not None and seats > self.day_free)


def get_booking_facts(
    session: Session,
    *,
    slot_id: UUID,
    member_id: UUID | None,
    hold_id: UUID | None = None,
    leaving: UUID | None = None,
    now: datetime,
) -> BookingFacts:
    """Read the facts; `leaving` is a booking of the member's that does not count, because it is being moved.

    Raises NotFound for a slot that is not there or whose site the public must not know of.
    """
    values = {"slot_id": slot_id, "now": now}
    if member_id is not None:
        values |= {"member_id": member_id, "leaving": leaving or NOBODY}
        values |= {"counts_from": now - _LONGEST_LIMIT, "overlaps_from": now - _LONGEST_VISIT}
    if hold_id is not None:
        values |= {"hold_id": hold_id, "member_id": member_id or NOBODY}
    statement = _statement(member=member_id is not None, hold=hold_id is not None)
    row = session.connection().execute(statement, values).one_or_none()
    if row is None:
        raise NotFound
    return _facts(row)


@cache
def _statement(*, member: bool, hold: bool) -> Select[Any]:
    site = site_queries.site_facts()
    columns = [
        *_slot.c,
        _policy.c.numbers,
        *(site.c[name].label(f"site_{name}") for name in ("code", "name", "address")),
        *(site.c[name] for name in ("lifecycle", "education_base", "overlay", "booking_mode")),
        _day.c.capacity.label("day_capacity"),
        _day.c.booked.label("day_booked"),
        # Counted only where something is held at all, which is seldom.
        case((_slot.c.held > 0, _expired_of_slot()), else_=0).label("expired"),
        case((_day.c.capacity.is_not(None), _expired_of_day()), else_=0).label("day_expired"),
        *(_member_columns() if member else _no_member()),
        *(_hold_columns() if hold else []),
    ]
    tables = (
        _slot.join(site, site.c.id == _slot.c.site_id)
        .join(_policy, _policy.c.id == _slot.c.policy_id)
        .outerjoin(_day, and_(_day.c.site_id == _slot.c.site_id, _day.c.visit_on == _slot.c.visit_on))
    )
    if member:
        tables = tables.outerjoin(_standing, _standing.c.member_id == _member_id)
    if hold:
        mine = and_(_hold.c.id == bindparam("hold_id", type_=Uuid()), _hold.c.member_id == _member_id)
        tables = tables.outerjoin(_hold, and_(mine, _hold.c.slot_id == _slot.c.id))
    return select(*columns).select_from(tables).where(_slot.c.id == bindparam("slot_id", type_=Uuid()))


def _expired_of_slot() -> ScalarSelect[int]:
    expired = _hold.alias("expired")
    return (
        select(func.coalesce(func.sum(expired.c.seats), 0))
        .where(expired.c.slot_id == _slot.c.id, _has_expired(expired))
        .correlate(_slot)
        .scalar_subquery()
    )


def _expired_of_day() -> ScalarSelect[int]:
    expired, other = _hold.alias("day_expired"), _slot.alias("day_slots")
    return (
        select(func.coalesce(func.sum(expired.c.seats), 0))
        .select_from(expired.join(other, other.c.id == expired.c.slot_id))
        .where(
            other.c.site_id == _slot.c.site_id, other.c.visit_on == _slot.c.visit_on, _has_expired(expired)
        )
        .correlate(_slot)
        .scalar_subquery()
    )


def _has_expired(hold: FromClause) -> Any:
    return and_(hold.c.state == HoldState.ACTIVE, hold.c.expires_at <= _now)


def _member_columns() -> list[Any]:
    mine = _booking.alias("mine")
    active = and_(
        mine.c.member_id == _member_id,
        mine.c.status.in_(ACTIVE),
        mine.c.id != bindparam("leaving", type_=Uuid()),
    )
    # "2026-11-25 261125-7KQ2M9XA,…": a member has few, and one text is one column of one row.
    entry = cast(mine.c.visit_on, String) + literal(" ") + mine.c.number
    same_site = (
        select(func.aggregate_strings(entry, ","))
        .where(active, mine.c.site_id == _slot.c.site_id)
        .where(mine.c.starts_at >= bindparam("counts_from", type_=UtcDateTime()))
        .correlate(_slot)
        .scalar_subquery()
    )
    overlapping = (
        select(mine.c.number)
        .where(active, mine.c.starts_at < _slot.c.ends_at, mine.c.ends_at > _slot.c.starts_at)
        .where(mine.c.starts_at >= bindparam("overlaps_from", type_=UtcDateTime()))
        .limit(1)
        .correlate(_slot)
        .scalar_subquery()
    )
    return [
        _standing.c.revision,
        _standing.c.barred_until,
        same_site.label("same_site"),
        overlapping.label("overlapping"),
    ]


def _no_member() -> list[Any]:
    return [
        cast(null(), Integer).label("revision"),
        cast(null(), UtcDateTime).label("barred_until"),
        cast(null(), String).label("same_site"),
        cast(null(), String).label("overlapping"),
    ]


def _hold_columns() -> list[Any]:
    running = and_(_hold.c.state == HoldState.ACTIVE, _hold.c.expires_at > _now)
    return [_hold.c.id.label("hold_id"), _hold.c.seats.label("hold_seats"), running.label("hold_active")]


def _facts(row: Row[Any]) -> BookingFacts:
    shown = visibility(row.lifecycle, row.education_base, row.overlay)
    if shown.detail is Detail.HIDDEN:
        raise NotFound
    access = Access(shown.bookable and row.booking_mode == _BOOKED_BY_SLOTS, shown.horizon_days)
    hold = _hold_found(row)
    mine = hold.seats if hold is not None and hold.active else 0
    seats_free = row.capacity - row.booked - row.held + mine
    day_free = None if row.day_capacity is None else row.day_capacity - row.day_booked + mine
    slot = SlotFacts(
        visit_on=row.visit_on,
        starts_at=row.starts_at,
        releases_at=row.releases_at,
        books_until=row.books_until,
        closed=row.state is SlotState.CLOSED,
        closed_reason=row.closed_reason,
        provisional=row.provisional,
        left=seats_free + row.expired,
        day_left=None if day_free is None else day_free + row.day_expired,
    )
    return BookingFacts(
        slot_id=row.id,
        site=SiteShown(row.site_id, row.site_code, row.site_name, row.site_address),
        visit_on=row.visit_on,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        policy_id=row.policy_id,
        situation=_situation(row, slot, access),
        revision=row.revision or 0,
        hold=hold,
        has_day_cap=row.day_capacity is not None,
        seats_free=seats_free,
        day_free=day_free,
    )


def _situation(row: Row[Any], slot: SlotFacts, access: Access) -> Situation:
    return Situation(
        slot=slot,
        ends_at=row.ends_at,
        closed_text=row.closed_text,
        access=access,
        policy=policy_rules.from_numbers(row.numbers),
        children_left=_rest(row.child_capacity, row.children_booked),
        wheelchairs_left=_rest(row.wheelchair_capacity, row.wheelchairs_booked),
        sign_language_left=_rest(row.sign_language_capacity, row.sign_language_booked),
        visitings=Visitings(
            same_site=_parse_days(row.same_site),
            overlapping=row.overlapping,
            barred_until=row.barred_until,
        ),
    )


def _hold_found(row: Row[Any]) -> HoldFound | None:
    if getattr(row, "hold_id", None) is None:
        return None
    return HoldFound(row.hold_id, row.hold_seats, bool(row.hold_active))


def _rest(capacity: int | None, taken: int) -> int | None:
    return None if capacity is None else capacity - taken


def _parse_days(text: str | None) -> dict[date, str]:
    entries = (entry.split(" ", 1) for entry in text.split(",")) if text else ()
    return {date.fromisoformat(on): number for on, number in entries}
