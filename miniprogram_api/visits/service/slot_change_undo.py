"""Taking a change of many slots back: the slots as they were, and their bookings as far as seats are free.

The slots come back in one transaction, the bookings in batches behind it. What somebody changed meanwhile
stays as it is and is named; nobody's seat is taken for it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import members as identity_members
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.sites.service import Site, opening
from miniprogram_api.visits.errors.slots import UndoOver
from miniprogram_api.visits.events import RestoringContinues, SlotChanged, VisitRestored
from miniprogram_api.visits.models import (
    BookingStatus,
    ChangedBooking,
    Outcome,
    Slot,
    SlotAct,
    SlotChange,
    SlotState,
    Treatment,
)
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.queries import timetable as timetable_queries
from miniprogram_api.visits.queries.slot_change_undo import Waiting, list_members, list_waiting
from miniprogram_api.visits.rules.moving import Engagements, Mover, Room
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.service import moving
from miniprogram_api.visits.service.holds import clear_expired
from miniprogram_api.visits.service.slot_change_records import tell_change, touched
from miniprogram_api.visits.service.slot_changes import tell_moves
from miniprogram_api.visits.service.standing import lock_standings
from miniprogram_api.visits.service.timetable import alter_slots

BATCH = 200


def undo_change(session: Session, *, site: Site, change_id: UUID, actor: Actor, now: datetime) -> SlotChange:
    """Bring slots and bookings back; a second time it changes nothing. The caller has the site locked.

    Raises NotFound and UndoOver.
    """
    change = queries.get_change(session, change_id, site_id=site.id)
    if change.undone_at is not None:
        return change
    if now >= change.undo_until:
        raise UndoOver
    members = list_members(session, change_id, limit=BATCH)
    _lock(session, site.id, members, now)
    claim = update(SlotChange).where(SlotChange.id == change_id, SlotChange.undone_at.is_(None))
    claimed = claim.values(undone_at=now, undone_by=f"{actor.kind}:{actor.id}").returning(SlotChange.id)
    if session.scalar(claimed.execution_options(synchronize_session=False)) is None:
        return queries.get_change(session, change_id, site_id=site.id)
    session.refresh(change)
    _restore_slots(session, site, change, actor=actor, now=now)
    tell_change(session, change, bookings=0, actor=actor, undone=True)
    _restore_bookings(session, change, members, actor=actor, now=now)
    return change


def continue_undo(session: Session, *, change_id: UUID, now: datetime) -> None:
    """Bring the next bookings back of a change that was taken back."""
    change = session.get(SlotChange, change_id)
    if change is None or change.undone_at is None:
        return
    members = list_members(session, change_id, limit=BATCH)
    _lock(session, change.site_id, members, now)
    _restore_bookings(session, change, members, actor=SYSTEM, now=now)


def _lock(session: Session, site_id: UUID, members: set[UUID], now: datetime) -> None:
    lock_standings(session, members)
    clear_expired(session, site_id=site_id, now=now)
    timetable_queries.lock_slots(session, site_id, first=beijing_date(now), now=now)


def _restore_slots(session: Session, site: Site, change: SlotChange, *, actor: Actor, now: datetime) -> None:
    if change.act is SlotAct.CLOSE_DAYS:
        opening.lift_closure_by_id(session, site=site, closure_id=change.closure_id, actor=actor, now=now)
        return
    rows = {UUID(row["id"]): row for row in change.slots}
    slots = {slot.id: slot for slot in queries.list_slots(session, list(rows))}
    back = [
        slots[slot_id]
        for slot_id, row in rows.items()
        if slot_id in slots and _is_as_left(slots[slot_id], row, change.act, now)
    ]
    alter_slots(session, {slot.id: _values(rows[slot.id]["before"], slot) for slot in back})
    _tell_slots(session, change, rows, back, actor)


def _is_as_left(slot: Slot, row: Mapping[str, Any], act: SlotAct, now: datetime) -> bool:
    """Whether nobody has changed the slot since; one that was reopened and sells stays open."""
    sells = act is SlotAct.REOPEN and slot.booked + slot.held > 0
    return slot.starts_at > now and touched(slot) == row["after"] and not sells


def _values(before: Mapping[str, Any], slot: Slot) -> dict[str, Any]:
    closure = before["closure_id"]
    return {
        **before,
        "state": SlotState(before["state"]),
        "closure_id": UUID(closure) if closure else None,
        "capacity": max(before["capacity"], slot.booked + slot.held),
    }


def _tell_slots(
    session: Session,
    change: SlotChange,
    rows: Mapping[UUID, Mapping[str, Any]],
    back: Sequence[Slot],
    actor: Actor,
) -> None:
    trail = [
        audit.row_of(
            actor=actor,
            action="visits.slot_change_undone",
            object_type="slot",
            object_id=str(slot.id),
            before=dict(rows[slot.id]["after"]),
            after=dict(rows[slot.id]["before"]),
        )
        for slot in back
    ]
    audit.record_all(session, trail)
    events.publish_all(session, [SlotChanged(str(change.site_id), str(slot.id), "undone") for slot in back])


def _restore_bookings(
    session: Session, change: SlotChange, members: set[UUID], *, actor: Actor, now: datetime
) -> None:
    due = list_waiting(session, change.id, limit=BATCH)
    movers = [waiting.mover for waiting in due]
    living = set(identity_members.list_openids(session, members)) if members else set()
    rules = moving.policies_of(session, {mover.policy_id for mover in movers}) if due else {}
    known = queries.list_engagements(session, change.site_id, movers, now=now)
    restored: list[Mover] = []
    returned: list[tuple[Mover, Room]] = []
    settled: dict[Outcome, list[UUID]] = defaultdict(list)
    for waiting in due:
        # A member who is not among those locked came in with a later batch: that batch's.
        member_id = waiting.mover.member_id
        if member_id is not None and member_id not in members:
            continue
        why = _refusal(waiting, living, known, now)
        if why is None and not waiting.untouched:
            why = _bring_back(session, waiting, rules[waiting.mover.policy_id], now)
        if why is None and not waiting.untouched:
            known.put(waiting.mover, waiting.back)
            if waiting.effect is Treatment.MOVE:
                returned.append((waiting.mover, waiting.back))
            else:
                restored.append(waiting.mover)
        settled[why or Outcome.RESTORED].append(waiting.mover.id)
    _settle(session, change.id, settled)
    tell_moves(session, returned, actor=actor, back=True)
    _tell_restored(session, restored, actor)
    if list_waiting(session, change.id, limit=1, locking=False):
        events.publish(session, RestoringContinues(str(change.id)))


def _refusal(waiting: Waiting, living: set[UUID], known: Engagements, now: datetime) -> Outcome | None:
    """What forbids it before anything is tried."""
    mover = waiting.mover
    if waiting.untouched:
        return None
    if waiting.changed:
        return Outcome.CHANGED
    if waiting.back.starts_at <= now:
        return Outcome.BEGUN
    if mover.member_id is not None and mover.member_id not in living:
        return Outcome.ERASED
    return None if known.allow(mover, waiting.back) else Outcome.OTHER_VISIT


def _bring_back(session: Session, waiting: Waiting, policy: Policy, now: datetime) -> Outcome | None:
    if waiting.effect is Treatment.MOVE:
        return moving.move_party(session, waiting.mover, waiting.back, policy, now=now)
    assert waiting.cancelled_at is not None  # noqa: S101  what is not changed is cancelled
    return moving.restore_party(session, waiting.mover, policy, cancelled_at=waiting.cancelled_at, now=now)


def _settle(session: Session, change_id: UUID, settled: Mapping[Outcome, Sequence[UUID]]) -> None:
    for outcome, ids in settled.items():
        mine = update(ChangedBooking).where(
            ChangedBooking.change_id == change_id, ChangedBooking.booking_id.in_(ids)
        )
        session.execute(mine.values(outcome=outcome).execution_options(synchronize_session=False))


def _tell_restored(session: Session, restored: Sequence[Mover], actor: Actor) -> None:
    trail = [
        audit.row_of(
            actor=actor,
            action="visits.restore",
            object_type="booking",
            object_id=str(mover.id),
            before={"status": BookingStatus.CANCELLED.value},
            after={"status": BookingStatus.CONFIRMED.value},
        )
        for mover in restored
    ]
    audit.record_all(session, trail)
    events.publish_all(session, [VisitRestored(str(m.id), str(m.site_id), str(m.slot_id)) for m in restored])
