"""What a change of many slots leaves behind: its row, what became of slots and bookings, trail and facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.visits.events import SlotChanged, SlotsChanged
from miniprogram_api.visits.models import ChangedBooking, Slot, SlotAct, SlotChange, Treatment
from miniprogram_api.visits.queries import slot_changes as queries
from miniprogram_api.visits.rules.moving import Mover, Room
from miniprogram_api.visits.rules.slot_choice import Wanted

UNDO_FOR = timedelta(minutes=30)
# What of a slot a change can touch, and taking it back brings back.
TOUCHED = ("state", "closed_reason", "closed_text", "closure_id", "amnesty", "edited", "capacity")
_CHANGES = {SlotAct.CAPACITY: "edited", SlotAct.CLOSE: "closed", SlotAct.REOPEN: "reopened"}


def add_change(
    session: Session,
    change_id: UUID,
    site_id: UUID,
    wanted: Wanted,
    *,
    actor: Actor,
    now: datetime,
    closure_id: UUID | None = None,
) -> SlotChange:
    """The row of a change that is being made."""
    change = SlotChange(
        id=change_id,
        site_id=site_id,
        act=wanted.act,
        treatment=wanted.treatment,
        closure_id=closure_id,
        public_text=wanted.public_text,
        slots=[],
        made_at=now,
        made_by=f"{actor.kind}:{actor.id}",
        undo_until=now + UNDO_FOR,
        undone_at=None,
        undone_by=None,
    )
    session.add(change)
    session.flush()
    return change


def touched(slot: Slot) -> dict[str, Any]:
    """What a change can touch of a slot, as JSON holds it."""
    values = {name: getattr(slot, name) for name in TOUCHED}
    closure = values["closure_id"]
    return {**values, "state": slot.state.value, "closure_id": str(closure) if closure else None}


def remember(
    session: Session,
    change: SlotChange,
    hit: Sequence[Mover],
    moved: Mapping[UUID, Room],
    wanted: Wanted,
) -> None:
    """Write down what became of each booking, and the revision that it has since."""
    rows = []
    for mover in hit:
        room = moved.get(mover.id)
        effect = Treatment.MOVE if room is not None else wanted.last_resort
        rows.append(
            {
                "change_id": change.id,
                "booking_id": mover.id,
                "effect": effect,
                "slot_before": mover.slot_id,
                "slot_after": room.slot_id if room is not None else None,
                "revision": mover.revision + (effect is not Treatment.KEEP),
                "outcome": None,
            }
        )
    if rows:
        session.execute(insert(ChangedBooking), rows)


def remember_slots(
    session: Session, change: SlotChange, slots: Sequence[Slot], before: Mapping[UUID, Mapping[str, Any]]
) -> None:
    """Write down what each slot was and is."""
    queries.reload_slots(session, slots)
    change.slots = [
        {
            "id": str(slot.id),
            "starts_at": slot.starts_at.isoformat(),
            "ends_at": slot.ends_at.isoformat(),
            "before": before[slot.id],
            "after": touched(slot),
        }
        for slot in slots
    ]
    session.flush()


def tell_slots(session: Session, change: SlotChange, actor: Actor) -> None:
    """The trail and the fact of each slot."""
    name = _CHANGES[change.act]
    trail = [
        audit.row_of(
            actor=actor,
            action=f"visits.slot_{name}",
            object_type="slot",
            object_id=row["id"],
            before=row["before"],
            after=row["after"],
            reason=change.public_text,
        )
        for row in change.slots
    ]
    audit.record_all(session, trail)
    events.publish_all(session, [SlotChanged(str(change.site_id), row["id"], name) for row in change.slots])


def tell_change(
    session: Session, change: SlotChange, *, bookings: int, actor: Actor, undone: bool = False
) -> None:
    """The trail and the fact of the change as a whole."""
    act, slots = change.act.value, len(change.slots)
    audit.record(
        session,
        actor=actor,
        action="visits.undo_slot_change" if undone else "visits.change_slots",
        object_type="slot_change",
        object_id=str(change.id),
        after={"act": act, "slots": slots, "bookings": bookings, "treatment": change.treatment.value},
        reason=change.public_text,
    )
    fact = SlotsChanged(str(change.site_id), str(change.id), act, slots, bookings=bookings, undone=undone)
    events.publish(session, fact)
