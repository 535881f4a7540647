"""Making the slots of the days ahead from the opening rules, and keeping them in line when those change.

Idempotent, and safe when two workers do it at once: inserts leave alone what is there, and existing slots are
compared a second time under lock before any of them changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events, runtime_settings
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.consequences import PlanDays
from miniprogram_api.sites.rules import DayPlan
from miniprogram_api.visits.events import SlotsRegenerated
from miniprogram_api.visits.models import DayCap, Slot
from miniprogram_api.visits.queries import timetable as queries
from miniprogram_api.visits.rules.slots import Access
from miniprogram_api.visits.rules.timetable import (
    OPEN,
    Changes,
    DatedPolicy,
    ExistingSlot,
    WantedSlot,
    closed_values,
    compare,
)
from miniprogram_api.visits.service import calling_off, policies
from miniprogram_api.visits.service.calling_off import Hits, call_off
from miniprogram_api.visits.service.inserts import insert_missing

# How far ahead slots are made; `days` below is what the installation has when nobody has changed it.
HORIZON_DAYS = runtime_settings.declare("visits.slot_horizon_days", default=None, least=1, most=366)


@dataclass(frozen=True, slots=True)
class Report:
    """What was or would be done from one day to another.

    `hit` slots have seats taken and no longer fit: they stay for their bookings, which are `keeping` them.
    `called_off` bookings are in slots that a closure closes.
    """

    first: date
    last: date
    made: list[WantedSlot]
    removed: list[ExistingSlot]
    altered: list[ExistingSlot]
    closed: list[ExistingSlot]
    hit: list[ExistingSlot]
    bookings_hit: int
    keeping: Hits
    called_off: Hits
    kept: int
    provisional: list[date]


def materialise(
    session: Session, *, site_id: UUID, access: Access, days: int, actor: Actor, now: datetime
) -> Report:
    """Bring the slots of the days ahead in line with the opening rules and closures, and say what changed.

    Bookings in slots that a closure closes are cancelled, the nearest at once and the rest by events. A site
    that takes no bookings gets no new slots.
    """
    versions = policies.ensure_policy(session, site_id, now=now)
    span = _span(session, site_id, days, versions, now)

    def look() -> _Outlook:
        plans = site_queries.opening_days(session, site_id, span.first, span.last)
        return _compare(session, site_id, span, access, plans=plans, versions=versions, now=now)

    outlook = look()
    if outlook.changes.touches_existing or outlook.caps != outlook.caps_now:
        queries.lock_slots(session, site_id, first=span.first, last=span.last, now=now)
        outlook = look()
    outlook.changes.made = _makeable(outlook.changes.made, access, span, now)
    report = _report(session, span, outlook, now)
    made = _apply(session, site_id, outlook, now)
    if made or outlook.changes.touches_existing:
        _tell(session, site_id, outlook.changes, made, actor)
    call_off(session, site_id=site_id, actor=actor, now=now, waits=False)
    return report


def is_due(session: Session, *, site_id: UUID, access: Access, days: int, now: datetime) -> bool:
    """Whether `materialise` would change anything; a read, so that a sweep opens no write for nothing."""
    versions = policies.list_dated(session, site_id) or policies.undecided(session)
    span = _span(session, site_id, days, versions, now)
    plans = site_queries.opening_days(session, site_id, span.first, span.last)
    outlook = _compare(session, site_id, span, access, plans=plans, versions=versions, now=now)
    made = _makeable(outlook.changes.made, access, span, now)
    return bool(made) or outlook.changes.touches_existing or outlook.caps != outlook.caps_now


def preview(
    session: Session, *, site_id: UUID, access: Access, plan: PlanDays, days: int, now: datetime
) -> Report:
    """What would be done if the site opened as `plan` says, and were open; nothing changes."""
    versions = policies.list_dated(session, site_id) or policies.undecided(session)
    span = _span(session, site_id, days, versions, now)
    as_if_open = Access(bookable=True, horizon_days=access.horizon_days)
    plans = plan(span.first, span.last)
    outlook = _compare(session, site_id, span, as_if_open, plans=plans, versions=versions, now=now)
    outlook.changes.made = _makeable(outlook.changes.made, as_if_open, span, now)
    return _report(session, span, outlook, now)


@dataclass(frozen=True, slots=True)
class _Span:
    """Days that are compared, and up to which new slots are made; special slots may lie beyond."""

    first: date
    made_until: date
    last: date


@dataclass(frozen=True, slots=True)
class _Outlook:
    plans: Mapping[date, DayPlan]
    existing: list[ExistingSlot]
    changes: Changes
    caps: dict[date, tuple[int, int]]  # capacity and seats counted, as they should be
    caps_now: dict[date, tuple[int, int]]


def _span(session: Session, site_id: UUID, days: int, versions: list[DatedPolicy], now: datetime) -> _Span:
    today = beijing_date(now)
    horizon = HORIZON_DAYS.value(session, now, default=days)
    # A window longer than the horizon would release days that have no slots.
    reach = max(horizon, *(version.policy.window_days for version in versions))
    made_until = today + timedelta(days=reach)
    last = queries.find_last_day(session, site_id)
    return _Span(today, made_until, max(made_until, last or made_until))


def _makeable(made: list[WantedSlot], access: Access, span: _Span, now: datetime) -> list[WantedSlot]:
    if not access.bookable:
        return []
    until = span.made_until
    if access.horizon_days is not None:
        until = min(until, beijing_date(now) + timedelta(days=access.horizon_days))
    return [slot for slot in made if slot.visit_on <= until]


def _compare(
    session: Session,
    site_id: UUID,
    span: _Span,
    access: Access,
    *,
    plans: Mapping[date, DayPlan],
    versions: list[DatedPolicy],
    now: datetime,
) -> _Outlook:
    first, last = span.first, span.last
    existing = queries.list_existing(session, site_id, first=first, last=last, now=now)
    capped = any(plan.day_capacity is not None for plan in plans.values())
    taken = queries.seats_taken_by_day(session, site_id, first=first, last=last) if capped else {}
    caps = {
        on: (max(plan.day_capacity, taken.get(on, 0)), taken.get(on, 0))
        for on, plan in plans.items()
        if plan.day_capacity is not None and (plan.spans or on in taken)
    }
    caps_now = queries.list_day_caps(session, site_id, first=first, last=last)
    return _Outlook(plans, existing, compare(plans, versions, existing, access, now=now), caps, caps_now)


def _apply(session: Session, site_id: UUID, outlook: _Outlook, now: datetime) -> int:
    changes = outlook.changes
    if changes.removed:
        doomed = [slot.id for slot in changes.removed]
        session.execute(delete(Slot).where(Slot.id.in_(doomed)).execution_options(synchronize_session=False))
    alter_slots(session, changes.altered)
    _apply_caps(session, site_id, outlook)
    rows = [_row(site_id, slot, now) for slot in changes.made]
    return len(insert_missing(session, Slot, rows, unique=("site_id", "starts_at"), returning=Slot.id))


def alter_slots(session: Session, altered: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Set columns of slots by id, all slots that change the same columns together."""

    def columns(row: Mapping[str, Any]) -> list[str]:
        return sorted(row)

    rows = sorted(({"id": slot_id, **values} for slot_id, values in altered.items()), key=columns)
    for _, alike in groupby(rows, key=columns):
        session.execute(update(Slot), list(alike))


def _apply_caps(session: Session, site_id: UUID, outlook: _Outlook) -> None:
    caps, known = outlook.caps, outlook.caps_now
    gone = sorted(known.keys() - caps.keys())
    if gone:
        statement = delete(DayCap).where(DayCap.site_id == site_id, DayCap.visit_on.in_(gone))
        session.execute(statement.execution_options(synchronize_session=False))
    fresh = [
        {"site_id": site_id, "visit_on": on, "capacity": capacity, "booked": taken}
        for on, (capacity, taken) in sorted(caps.items())
        if on not in known
    ]
    insert_missing(session, DayCap, fresh, unique=("site_id", "visit_on"), returning=DayCap.site_id)
    changed = [
        {"site_id": site_id, "visit_on": on, "capacity": capacity, "booked": taken}
        for on, (capacity, taken) in sorted(caps.items())
        if on in known and known[on] != (capacity, taken)
    ]
    if changed:
        session.execute(update(DayCap), changed)


def _row(site_id: UUID, slot: WantedSlot, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "site_id": site_id,
        "rule_id": slot.rule_id,
        "policy_id": slot.policy_id,
        "visit_on": slot.visit_on,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "releases_at": slot.releases_at,
        "books_until": slot.books_until,
        "capacity": slot.capacity,
        "child_capacity": slot.child_capacity,
        "wheelchair_capacity": slot.wheelchair_capacity,
        "sign_language_capacity": slot.sign_language_capacity,
        "provisional": slot.provisional,
        "edited": False,
        "created_at": now,
        **UNTOUCHED,
        **(closed_values(slot.closed) if slot.closed else {}),
    }


UNTOUCHED: Mapping[str, Any] = {
    "booked": 0,
    "held": 0,
    "children_booked": 0,
    "wheelchairs_booked": 0,
    "sign_language_booked": 0,
    **OPEN,
}


def _report(session: Session, span: _Span, outlook: _Outlook, now: datetime) -> Report:
    changes = outlook.changes
    altered = [slot for slot in outlook.existing if slot.id in changes.altered]
    hit = [slot.id for slot in changes.hit]
    return Report(
        first=span.first,
        last=span.made_until,
        made=changes.made,
        removed=changes.removed,
        altered=altered,
        closed=changes.closed,
        hit=changes.hit,
        bookings_hit=queries.count_bookings(session, hit) if hit else 0,
        keeping=calling_off.preview(session, slot_ids=hit, now=now) if hit else calling_off.NOBODY,
        called_off=calling_off.preview(session, slot_ids=[slot.id for slot in changes.closed], now=now),
        kept=len(outlook.existing) - len(changes.removed) - len(altered),
        provisional=[on for on, plan in sorted(outlook.plans.items()) if plan.provisional],
    )


def _tell(session: Session, site_id: UUID, changes: Changes, made: int, actor: Actor) -> None:
    counts = {"made": made, "removed": len(changes.removed), "altered": len(changes.altered)}
    audit.record(
        session,
        actor=actor,
        action="visits.generate_slots",
        object_type="site",
        object_id=str(site_id),
        after=counts,
    )
    events.publish(session, SlotsRegenerated(str(site_id), **counts))
