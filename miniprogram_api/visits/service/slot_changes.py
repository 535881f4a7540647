"""Changing many slots at once: what it would hit, and doing it with the bookings kept, moved or cancelled.

Both look through the same eyes (`_look`), so that what a preview shows is what the change then does. A change
is one transaction and remembers what it did, to be taken back for a while (`slot_change_undo`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.visits.errors.slots import ChangeOutdated, NothingToChange, SiteNotOpen, TooManyToMove
from miniprogram_api.visits.events import VisitMovedBySite
from miniprogram_api.visits.models import Slot, SlotAct, SlotChange, SlotState, Treatment
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.queries import timetable as timetable_queries
from miniprogram_api.visits.queries.access import get_site_access
from miniprogram_api.visits.rules.moving import Mover, Room, plan_moves, surplus
from miniprogram_api.visits.rules.slot_choice import SlotChoice, Wanted, closed_by_hand, is_changed
from miniprogram_api.visits.rules.timetable import OPEN
from miniprogram_api.visits.service import moving
from miniprogram_api.visits.service.calling_off import Reason, call_off, cancel_bookings
from miniprogram_api.visits.service.holds import clear_expired
from miniprogram_api.visits.service.slot_change_records import (
    add_change,
    remember,
    remember_slots,
    tell_change,
    tell_slots,
    touched,
)
from miniprogram_api.visits.service.standing import lock_standings
from miniprogram_api.visits.service.timetable import alter_slots

MOST_MOVED = 300


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a change would do: the slots it changes of those chosen, the bookings it hits, where they go."""

    chosen: int
    slots: list[Slot]
    hit: list[Mover]
    moves: dict[UUID, Room]

    @property
    def seats(self) -> int:
        return sum(mover.seats for mover in self.hit)

    @property
    def staying(self) -> list[Mover]:
        """Those of the hit who are not moved."""
        return [mover for mover in self.hit if mover.id not in self.moves]

    @property
    def to_call(self) -> int:
        """Bookings by phone or at the window: nobody to whom the app could tell anything."""
        return sum(1 for mover in self.hit if mover.member_id is None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody was shown before they agreed to it."""

    slots: int
    bookings: int


def preview_change(
    session: Session, *, site_id: UUID, choice: SlotChoice, wanted: Wanted, now: datetime
) -> Outlook:
    """What `change_slots` would do; writes nothing. Raises Invalid, SiteNotOpen and TooManyToMove."""
    choice.check()
    wanted.check()
    if wanted.act is SlotAct.REOPEN:
        _refuse_gone(session, site_id, now)
    return _look(session, site_id, choice, wanted, now)


def change_slots(
    session: Session,
    *,
    change_id: UUID,
    site_id: UUID,
    choice: SlotChoice,
    wanted: Wanted,
    seen: Seen | None = None,
    actor: Actor,
    now: datetime,
) -> SlotChange:
    """Change the slots and treat the bookings as wanted; the same `change_id` again does nothing more.

    Raises Invalid, SiteNotOpen, TooManyToMove, NothingToChange, and ChangeOutdated when it would hit other
    than was `seen`.
    """
    choice.check()
    wanted.check()
    site_queries.hold_standing(session, site_id)
    if wanted.act is SlotAct.REOPEN:
        _refuse_gone(session, site_id, now)
    chosen = queries.list_chosen(session, site_id, choice, now=now)
    members = lock_for_change(session, site_id, [slot.id for slot in chosen], wanted, now)
    if session.get(SlotChange, change_id) is not None:
        return queries.get_change(session, change_id, site_id=site_id)
    outlook = _look(session, site_id, choice, wanted, now, members=members)
    if not outlook.slots:
        raise NothingToChange
    if seen is not None and seen != Seen(len(outlook.slots), len(outlook.hit)):
        raise ChangeOutdated(slots=len(outlook.slots), bookings=len(outlook.hit))
    return _carry_out(session, change_id, site_id, outlook, wanted, actor=actor, now=now)


def lock_for_change(
    session: Session, site_id: UUID, slot_ids: Sequence[UUID], wanted: Wanted, now: datetime
) -> set[UUID] | None:
    """Take the locks in the order everybody does; returns the members who can do nothing else meanwhile."""
    members = None
    if wanted.treatment is Treatment.MOVE:
        found = queries.list_movers(session, slot_ids, now=now)
        members = {mover.member_id for mover in found if mover.member_id is not None}
        lock_standings(session, members)
        clear_expired(session, site_id=site_id, now=now)
    timetable_queries.lock_slots(session, site_id, first=beijing_date(now), now=now)
    return members


def _look(
    session: Session,
    site_id: UUID,
    choice: SlotChoice,
    wanted: Wanted,
    now: datetime,
    *,
    members: set[UUID] | None = None,
) -> Outlook:
    chosen = queries.list_chosen(session, site_id, choice, now=now)
    slots = [slot for slot in chosen if is_changed(slot, wanted)]
    movers = queries.list_movers(session, [slot.id for slot in slots], now=now)
    hit = _hit(slots, movers, wanted)
    moves: dict[UUID, Room] = {}
    if wanted.treatment is Treatment.MOVE:
        moves = find_moves(
            session,
            site_id,
            hit,
            leaving=[slot.id for slot in chosen],
            target_id=wanted.target_id,
            now=now,
            members=members,
        )
    return Outlook(len(chosen), slots, hit, moves)


def find_moves(
    session: Session,
    site_id: UUID,
    hit: Sequence[Mover],
    *,
    leaving: Sequence[UUID],
    target_id: UUID | None,
    now: datetime,
    members: set[UUID] | None,
) -> dict[UUID, Room]:
    """Where the bookings would go, outside of the slots that are being left. Raises TooManyToMove.

    `members`: those whose other bookings cannot change meanwhile; who came later stays. None: a preview.
    """
    if len(hit) > MOST_MOVED:
        raise TooManyToMove(most=MOST_MOVED)
    movable = [m for m in hit if members is None or m.member_id is None or m.member_id in members]
    if members is not None:
        ids = {m.slot_id for m in movable}
        free = {m.id for m in queries.list_movers(session, sorted(ids), now=now, locking=True)}
        movable = [m for m in movable if m.id in free]
    rooms, day_seats = queries.list_rooms(session, site_id, leaving_out=leaving, now=now)
    known = queries.list_engagements(session, site_id, movable, now=now)
    return plan_moves(movable, rooms, day_seats, known, target_id=target_id)


def _hit(slots: Sequence[Slot], movers: Sequence[Mover], wanted: Wanted) -> list[Mover]:
    if wanted.act is SlotAct.REOPEN:
        return []
    if wanted.act is not SlotAct.CAPACITY:
        return list(movers)
    by_slot: dict[UUID, list[Mover]] = defaultdict(list)
    for mover in movers:
        by_slot[mover.slot_id].append(mover)
    leaving = {
        mover.id
        for slot in slots
        for mover in surplus(
            by_slot[slot.id], taken=slot.booked + slot.held, capacity=wanted.capacity or slot.capacity
        )
    }
    return [mover for mover in movers if mover.id in leaving]


def _carry_out(
    session: Session,
    change_id: UUID,
    site_id: UUID,
    outlook: Outlook,
    wanted: Wanted,
    *,
    actor: Actor,
    now: datetime,
) -> SlotChange:
    before = {slot.id: touched(slot) for slot in outlook.slots}
    change = add_change(session, change_id, site_id, wanted, actor=actor, now=now)
    moved = move_hit(session, outlook.hit, outlook.moves, actor=actor, now=now)
    staying = [mover for mover in outlook.hit if mover.id not in moved]
    if wanted.act is SlotAct.CAPACITY and wanted.last_resort is Treatment.CANCEL:
        _cancel_surplus(session, staying, wanted, actor=actor, now=now)
    _alter(session, outlook.slots, wanted, staying)
    if wanted.act is SlotAct.CLOSE:
        call_off(session, site_id=site_id, actor=actor, now=now, waits=False)
    remember(session, change, outlook.hit, moved, wanted)
    remember_slots(session, change, outlook.slots, before)
    tell_slots(session, change, actor)
    tell_change(session, change, bookings=len(outlook.hit), actor=actor)
    return change


def move_hit(
    session: Session, hit: Sequence[Mover], moves: Mapping[UUID, Room], *, actor: Actor, now: datetime
) -> dict[UUID, Room]:
    """Move those who have somewhere to go, each by itself, and tell; returns who really went where."""
    rules = moving.policies_of(session, {mover.policy_id for mover in hit}) if moves else {}
    going = [(mover, moves[mover.id]) for mover in hit if mover.id in moves]
    moved = [
        (mover, room)
        for mover, room in going
        if moving.move_party(session, mover, room, rules[mover.policy_id], now=now) is None
    ]
    tell_moves(session, moved, actor=actor, back=False)
    return {mover.id: room for mover, room in moved}


def tell_moves(session: Session, moved: Sequence[tuple[Mover, Room]], *, actor: Actor, back: bool) -> None:
    """The trail and the facts of parties that went to other slots."""
    audit.record_all(session, [moving.trail_of_move(mover, room, actor=actor) for mover, room in moved])
    facts = [
        VisitMovedBySite(str(m.id), str(m.site_id), str(room.slot_id), str(m.slot_id), back)
        for m, room in moved
    ]
    events.publish_all(session, facts)


def _cancel_surplus(
    session: Session, staying: Sequence[Mover], wanted: Wanted, *, actor: Actor, now: datetime
) -> None:
    reason = Reason(wanted.reason_code or "other", wanted.public_text)
    reasons = {mover.slot_id: reason for mover in staying}
    cancel_bookings(session, [mover.id for mover in staying], reasons=reasons, actor=actor, now=now)


def _alter(session: Session, slots: Sequence[Slot], wanted: Wanted, staying: Sequence[Mover]) -> None:
    queries.reload_slots(session, slots)
    kept = {mover.slot_id for mover in staying} if wanted.last_resort is Treatment.KEEP else set()
    altered: dict[UUID, Mapping[str, Any]] = {}
    for slot in slots:
        if wanted.act is SlotAct.CAPACITY:
            seats = max(wanted.capacity or 0, slot.booked + slot.held)
            altered[slot.id] = {"capacity": seats, "edited": True}
        elif wanted.act is SlotAct.REOPEN:
            altered[slot.id] = {**OPEN, "edited": True}
        else:
            altered[slot.id] = closed_by_hand(wanted, kept=slot.id in kept)
    alter_slots(session, {slot_id: _as_stored(values) for slot_id, values in altered.items()})


def _as_stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, "state": SlotState(values["state"])} if "state" in values else dict(values)


def _refuse_gone(session: Session, site_id: UUID, now: datetime) -> None:
    if get_site_access(session, site_id, now=now).access.gone:
        raise SiteNotOpen
