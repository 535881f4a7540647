"""Slots as the public and staff see them: seats left, and why a slot cannot be booked.

A hold that has run out counts as free at once, whether or not a sweep has cleared it away.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.sites.availability import Instant
from miniprogram_api.visits.models import DayCap, Hold, HoldState, Slot, SlotState
from miniprogram_api.visits.rules.slots import (
    WITHDRAWN,
    Access,
    Availability,
    Explanation,
    SlotFacts,
    explain,
    seats_left,
)


@dataclass(frozen=True, slots=True)
class SlotListing:
    """A slot with what is left of it and the explanation of its state."""

    id: UUID
    site_id: UUID
    visit_on: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    left: int
    children_left: int | None
    wheelchairs_left: int | None
    sign_language_left: int | None
    provisional: bool
    explanation: Explanation
    closed_reason: str | None
    closed_text: str | None
    in_closure: bool

    @property
    def state(self) -> Availability:
        return self.explanation.state


def expired_seats(now: Instant) -> ScalarSelect[int]:
    """The seats of a slot still counted as held although their holds have run out; correlated to Slot."""
    return (
        select(func.coalesce(func.sum(Hold.seats), 0))
        .where(Hold.slot_id == Slot.id, Hold.state == HoldState.ACTIVE, Hold.expires_at <= now)
        .correlate(Slot)
        .scalar_subquery()
    )


def is_bookable(now: Instant) -> ColumnElement[bool]:
    """Whether a slot may be booked now as far as its own row tells; seats are another question."""
    return and_(
        Slot.state == SlotState.OPEN,
        Slot.provisional.is_(False),
        Slot.releases_at <= now,
        Slot.books_until > now,
        Slot.starts_at > now,
    )


def has_seats(now: Instant) -> ColumnElement[bool]:
    """Whether a slot has a seat left, and its day too where the day has a cap."""
    taken = Slot.booked + Slot.held
    full_day = (
        select(DayCap.site_id)
        .where(
            DayCap.site_id == Slot.site_id,
            DayCap.visit_on == Slot.visit_on,
            DayCap.booked >= DayCap.capacity,
        )
        .correlate(Slot)
        .exists()
    )
    free = or_(taken < Slot.capacity, and_(Slot.held > 0, taken - expired_seats(now) < Slot.capacity))
    return and_(free, ~full_day)


def list_slots(
    session: Session, *, site_id: UUID, first: date, last: date, access: Access, now: datetime
) -> list[SlotListing]:
    """The slots of a site from one day to another, both included, by time; one statement.

    Slots the site no longer offers are left out.
    """
    statement = _slots(now).where(Slot.site_id == site_id, Slot.visit_on.between(first, last), _offered())
    return _listings(session.execute(statement.order_by(Slot.starts_at)).all(), access, now)


def list_open_after(
    session: Session,
    *,
    site_id: UUID,
    after: datetime,
    seats: int,
    access: Access,
    now: datetime,
    limit: int = 3,
) -> list[SlotListing]:
    """The next slots of a site that a party of so many could book now, as alternatives to a full one."""
    statement = (
        _slots(now)
        .where(Slot.site_id == site_id, Slot.starts_at >= after, is_bookable(now), has_seats(now))
        .order_by(Slot.starts_at)
        .limit(limit * 4)
    )
    found = _listings(session.execute(statement).all(), access, now)
    return [slot for slot in found if slot.state is Availability.OPEN and slot.left >= seats][:limit]


def get_listing(session: Session, slot_id: UUID, *, access: Access, now: datetime) -> SlotListing:
    """One slot as the public sees it. Raises NotFound, also for one no longer offered."""
    row = session.execute(_slots(now).where(Slot.id == slot_id, _offered())).one_or_none()
    if row is None:
        raise NotFound
    return _listings([row], access, now)[0]


def list_desk(session: Session, *, site_id: UUID, first: date, last: date) -> list[Slot]:
    """The slots of a site as staff see them, those no longer offered too, by time."""
    statement = select(Slot).where(Slot.site_id == site_id, Slot.visit_on.between(first, last))
    return list(session.scalars(statement.order_by(Slot.starts_at)))


def get_times(session: Session, slot_id: UUID) -> tuple[datetime, datetime]:
    """When a slot starts and ends. Raises NotFound."""
    row = session.execute(select(Slot.starts_at, Slot.ends_at).where(Slot.id == slot_id)).one_or_none()
    if row is None:
        raise NotFound
    return row.starts_at, row.ends_at


def get_site_id(session: Session, slot_id: UUID) -> UUID:
    """The site a slot belongs to. Raises NotFound."""
    site_id = session.scalar(select(Slot.site_id).where(Slot.id == slot_id))
    if site_id is None:
        raise NotFound
    return site_id


def _offered() -> ColumnElement[bool]:
    return or_(Slot.closed_reason.is_(None), Slot.closed_reason != WITHDRAWN)


_Columns = tuple[Slot, int, int | None, int | None]


def _slots(now: datetime) -> Select[*_Columns]:
    day = and_(DayCap.site_id == Slot.site_id, DayCap.visit_on == Slot.visit_on)
    expired = case((Slot.held > 0, expired_seats(now)), else_=0)
    return select(Slot, expired, DayCap.capacity, DayCap.booked).outerjoin(DayCap, day)


def _listings(rows: Iterable[Row[*_Columns]], access: Access, now: datetime) -> list[SlotListing]:
    rows = list(rows)
    expired_by_day: dict[date, int] = defaultdict(int)
    for slot, expired, _, _ in rows:
        expired_by_day[slot.visit_on] += expired
    return [
        _listing(slot, expired, _day_left(capacity, booked, expired_by_day[slot.visit_on]), access, now)
        for slot, expired, capacity, booked in rows
    ]


def _day_left(capacity: int | None, booked: int | None, expired: int) -> int | None:
    return None if capacity is None or booked is None else capacity - booked + expired


def _listing(slot: Slot, expired: int, day_left: int | None, access: Access, now: datetime) -> SlotListing:
    facts = SlotFacts(
        visit_on=slot.visit_on,
        starts_at=slot.starts_at,
        releases_at=slot.releases_at,
        books_until=slot.books_until,
        closed=slot.state is SlotState.CLOSED,
        closed_reason=slot.closed_reason,
        provisional=slot.provisional,
        left=slot.capacity - slot.booked - slot.held + expired,
        day_left=day_left,
    )
    # Of a slot that has begun nothing is left to have, and how many came is told by figures that hide a few.
    over = slot.starts_at <= now
    return SlotListing(
        id=slot.id,
        site_id=slot.site_id,
        visit_on=slot.visit_on,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        capacity=slot.capacity,
        left=0 if over else seats_left(facts),
        children_left=_rest(slot.child_capacity, slot.children_booked, over=over),
        wheelchairs_left=_rest(slot.wheelchair_capacity, slot.wheelchairs_booked, over=over),
        sign_language_left=_rest(slot.sign_language_capacity, slot.sign_language_booked, over=over),
        provisional=slot.provisional,
        explanation=explain(facts, access, now),
        closed_reason=slot.closed_reason,
        closed_text=slot.closed_text,
        in_closure=slot.closure_id is not None,
    )


def _rest(capacity: int | None, taken: int, *, over: bool) -> int | None:
    return None if capacity is None else 0 if over else capacity - taken
