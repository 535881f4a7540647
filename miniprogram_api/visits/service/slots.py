"""What staff do to single slots: add a special one, change its seats, close it and open it again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.errors import FieldError, Invalid, NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.visits.errors.slots import (
    CapacityBelowTaken,
    SiteNotOpen,
    SlotExists,
    SlotInClosure,
    SlotStarted,
)
from miniprogram_api.visits.events import SlotChanged
from miniprogram_api.visits.models import DayCap, Slot, SlotState
from miniprogram_api.visits.queries.access import get_site_access
from miniprogram_api.visits.rules.timetable import DatedPolicy, policy_on
from miniprogram_api.visits.service import policies
from miniprogram_api.visits.service.calling_off import Batch, call_off
from miniprogram_api.visits.service.inserts import insert_missing
from miniprogram_api.visits.service.timetable import UNTOUCHED

# What is taken out of each capacity.
_TAKEN = {
    "capacity": Slot.booked + Slot.held,
    "child_capacity": Slot.children_booked,
    "wheelchair_capacity": Slot.wheelchairs_booked,
    "sign_language_capacity": Slot.sign_language_booked,
}
CAPACITIES = tuple(_TAKEN)
# Every day up to the last slot is planned whenever the opening changes.
_FURTHEST = timedelta(days=180)


def get_slot(session: Session, *, site_id: UUID, slot_id: UUID) -> Slot:
    """A slot of the site. Raises NotFound."""
    slot = session.scalar(select(Slot).where(Slot.id == slot_id, Slot.site_id == site_id))
    if slot is None:
        raise NotFound
    return slot


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSlot:
    """A special slot as somebody wants it."""

    starts_at: datetime
    ends_at: datetime
    capacity: int
    child_capacity: int | None = None
    wheelchair_capacity: int | None = None
    sign_language_capacity: int | None = None


def preview_slot(session: Session, *, site_id: UUID, wanted: NewSlot, now: datetime) -> Slot:
    """The slot as `add_slot` would add it, with its release and its end; writes nothing. Raises the same."""
    if get_site_access(session, site_id, now=now).access.gone:
        raise SiteNotOpen
    versions = policies.list_dated(session, site_id) or policies.undecided(session)
    row = _row(session, site_id, wanted, versions, now)
    same_start = select(Slot.id).where(Slot.site_id == site_id, Slot.starts_at == wanted.starts_at)
    if session.scalar(same_start) is not None:
        raise SlotExists
    return Slot(**{**row, "state": SlotState.OPEN})


def add_slot(session: Session, *, site_id: UUID, wanted: NewSlot, actor: Actor, now: datetime) -> Slot:
    """Add a slot beside those of the rules, which never touch it.

    Raises SlotStarted, SlotExists, Invalid, and SiteNotOpen at a withdrawn site.
    """
    _refuse_gone(session, site_id, now)
    row = _row(session, site_id, wanted, policies.ensure_policy(session, site_id, now=now), now)
    added = insert_missing(session, Slot, [row], unique=("site_id", "starts_at"), returning=Slot.id)
    if not added:
        raise SlotExists
    slot = session.get_one(Slot, added[0])
    _tell(session, slot, "added", actor, after=_facts(slot))
    return slot


def edit_capacity(
    session: Session,
    *,
    site_id: UUID,
    slot_id: UUID,
    changes: Mapping[str, int | None],
    actor: Actor,
    now: datetime,
) -> Slot:
    """Set some of CAPACITIES; making slots from the rules leaves this one alone from then on.

    Raises NotFound, SlotStarted, and CapacityBelowTaken when more is taken than would remain.
    """
    slot = _get_coming(session, site_id, slot_id, now)
    before = _facts(slot)
    statement = update(Slot).where(Slot.id == slot_id)
    for name, most in changes.items():
        if most is not None:
            statement = statement.where(_TAKEN[name] <= most)
    done = statement.values({**changes, "edited": True}).returning(Slot.id)
    if session.scalar(done.execution_options(synchronize_session=False)) is None:
        raise _find_below_taken(session, slot_id, changes) or AssertionError("unreachable")
    session.refresh(slot)
    _tell(session, slot, "edited", actor, before=before, after=_facts(slot))
    return slot


def check_edit(
    session: Session,
    *,
    site_id: UUID,
    slot_id: UUID,
    changes: Mapping[str, int | None],
    reopens: bool,
    now: datetime,
) -> Slot:
    """The slot, if it could be changed like this now; writes nothing.

    Raises what the changes would: NotFound, SlotStarted, CapacityBelowTaken, SlotInClosure, SiteNotOpen.
    """
    slot = get_slot(session, site_id=site_id, slot_id=slot_id)
    if slot.starts_at <= now:
        raise SlotStarted
    short = _find_below_taken(session, slot_id, changes)
    if short is not None:
        raise short
    if reopens and get_site_access(session, site_id, now=now).access.gone:
        raise SiteNotOpen
    if reopens and slot.closure_id is not None:
        raise SlotInClosure
    return slot


def close_slot(
    session: Session,
    *,
    site_id: UUID,
    slot_id: UUID,
    reason_code: str,
    public_text: str,
    actor: Actor,
    now: datetime,
) -> Batch:
    """Close a slot and cancel its bookings as the site, with amnesty; doing it again does nothing.

    To stop selling and keep the bookings, lower the capacity to what is taken. Raises NotFound, SlotStarted.
    """
    # The day before its slots, as everybody takes them: the seats that come back are the day's too.
    this_day = select(Slot.visit_on).where(Slot.id == slot_id).scalar_subquery()
    cap = select(DayCap.site_id).where(DayCap.site_id == site_id, DayCap.visit_on == this_day)
    session.execute(cap.with_for_update()).all()
    slot = _get_coming(session, site_id, slot_id, now)
    if slot.state is SlotState.OPEN:
        before = _facts(slot)
        slot.state, slot.edited, slot.amnesty = SlotState.CLOSED, True, True
        slot.closed_reason, slot.closed_text = reason_code, public_text
        session.flush()
        _tell(session, slot, "closed", actor, before=before, after=_facts(slot), reason=public_text)
    return call_off(session, site_id=site_id, actor=actor, now=now, waits=False)


def reopen_slot(session: Session, *, site_id: UUID, slot_id: UUID, actor: Actor, now: datetime) -> Slot:
    """Put a closed slot back on sale. Raises NotFound, SlotStarted, SlotInClosure, SiteNotOpen."""
    _refuse_gone(session, site_id, now)
    slot = _get_coming(session, site_id, slot_id, now)
    if slot.closure_id is not None:
        raise SlotInClosure
    if slot.state is SlotState.CLOSED:
        before = _facts(slot)
        slot.state, slot.edited, slot.amnesty = SlotState.OPEN, True, False
        slot.closed_reason = slot.closed_text = None
        session.flush()
        _tell(session, slot, "reopened", actor, before=before, after=_facts(slot))
    return slot


def _row(
    session: Session, site_id: UUID, wanted: NewSlot, versions: Sequence[DatedPolicy], now: datetime
) -> dict[str, Any]:
    starts_at = wanted.starts_at
    if starts_at <= now:
        raise SlotStarted
    if starts_at > now + _FURTHEST:
        raise Invalid(fields=[FieldError("starts_at", "field.range")])
    visit_on = beijing_date(starts_at)
    ruling = policy_on(versions, visit_on)
    plan = site_queries.opening_days(session, site_id, visit_on, visit_on)[visit_on]
    return {
        "id": new_id(),
        "site_id": site_id,
        "rule_id": None,
        "policy_id": ruling.id,
        "visit_on": visit_on,
        **asdict(wanted),
        "releases_at": ruling.policy.releases_at(visit_on),
        "books_until": ruling.policy.books_until(starts_at),
        "provisional": plan.provisional,
        "edited": True,
        "created_at": now,
        **UNTOUCHED,
    }


def _refuse_gone(session: Session, site_id: UUID, now: datetime) -> None:
    # Held, so that no withdrawal comes in between.
    site_queries.hold_standing(session, site_id)
    if get_site_access(session, site_id, now=now).access.gone:
        raise SiteNotOpen


def _get_coming(session: Session, site_id: UUID, slot_id: UUID, now: datetime) -> Slot:
    mine = select(Slot).where(Slot.id == slot_id, Slot.site_id == site_id)
    slot = session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if slot is None:
        raise NotFound
    if slot.starts_at <= now:
        raise SlotStarted
    return slot


def _find_below_taken(
    session: Session, slot_id: UUID, changes: Mapping[str, int | None]
) -> CapacityBelowTaken | None:
    names = list(_TAKEN)
    taken = session.execute(select(*(_TAKEN[name] for name in names)).where(Slot.id == slot_id)).one()
    for name, seats in zip(names, taken, strict=True):
        most = changes.get(name)
        if most is not None and most < seats:
            return CapacityBelowTaken(field=name, taken=seats)
    return None


def _facts(slot: Slot) -> dict[str, Any]:
    return {
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": slot.ends_at.isoformat(),
        "capacity": slot.capacity,
        "child_capacity": slot.child_capacity,
        "wheelchair_capacity": slot.wheelchair_capacity,
        "sign_language_capacity": slot.sign_language_capacity,
        "state": slot.state.value,
        "closed_reason": slot.closed_reason,
    }


def _tell(
    session: Session,
    slot: Slot,
    change: str,
    actor: Actor,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=f"visits.slot_{change}",
        object_type="slot",
        object_id=str(slot.id),
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, SlotChanged(str(slot.site_id), str(slot.id), change))
