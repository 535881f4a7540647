"""What a change of many slots looks at, a few statements however many slots and bookings there are."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.visits.models import (
    ACTIVE,
    Booking,
    ChangedBooking,
    DayCap,
    Outcome,
    Slot,
    SlotChange,
    SlotState,
    Treatment,
    Visitor,
)
from miniprogram_api.visits.queries.living import is_living
from miniprogram_api.visits.rules.moving import Engagements, Mover, Room
from miniprogram_api.visits.rules.slot_choice import SlotChoice

MOVER = (
    Booking.id,
    Booking.number,
    Booking.member_id,
    Booking.site_id,
    Booking.slot_id,
    Booking.visit_on,
    Booking.starts_at,
    Booking.ends_at,
    Booking.seats,
    Booking.children,
    Booking.wheelchairs,
    Booking.sign_language,
    Booking.revision,
    Booking.created_at,
    Booking.policy_id,
)


def list_chosen(session: Session, site_id: UUID, choice: SlotChoice, *, now: datetime) -> list[Slot]:
    """The slots to come that are meant, by time."""
    coming = select(Slot).where(
        Slot.site_id == site_id, Slot.visit_on.between(choice.first, choice.last), Slot.starts_at > now
    )
    found = session.scalars(coming.order_by(Slot.starts_at).execution_options(populate_existing=True))
    return [slot for slot in found if choice.takes(slot)]


def list_slots(session: Session, slot_ids: Sequence[UUID]) -> list[Slot]:
    """These slots, by time."""
    wanted = select(Slot).where(Slot.id.in_(slot_ids)).order_by(Slot.starts_at)
    return list(session.scalars(wanted.execution_options(populate_existing=True)))


def reload_slots(session: Session, slots: Sequence[Slot]) -> None:
    """Read again what statements have changed; one statement."""
    list_slots(session, [slot.id for slot in slots])


def list_movers(
    session: Session, slot_ids: Sequence[UUID], *, now: datetime, locking: bool = False
) -> list[Mover]:
    """The living bookings of slots with who comes; when `locking`, without those being changed right now."""
    due = select(*MOVER, Booking.contact_phone_index).where(Booking.slot_id.in_(slot_ids), is_living(now))
    due = due.order_by(Booking.starts_at, Booking.id)
    if locking:
        due = due.with_for_update(of=Booking, skip_locked=True)
    return as_movers(session, [row._mapping for row in session.execute(due)])


def as_movers(session: Session, rows: Sequence[RowMapping]) -> list[Mover]:
    """Rows of MOVER and the contact's phone, with their named visitors; one more statement."""
    persons = _persons_of(session, [row["id"] for row in rows])
    return [_mover(row, persons[row["id"]]) for row in rows]


def _mover(row: RowMapping, persons: set[Hashable]) -> Mover:
    phone = row["contact_phone_index"]
    who: Hashable = row["member_id"] or (bytes(phone) if phone is not None else None)
    keys = persons | ({who} if who is not None else set())
    return Mover(**{column.key: row[column.key] for column in MOVER}, keys=frozenset(keys))


def _persons_of(session: Session, booking_ids: Sequence[UUID]) -> dict[UUID, set[Hashable]]:
    persons: dict[UUID, set[Hashable]] = defaultdict(set)
    named = select(Visitor.booking_id, Visitor.person_index).where(
        Visitor.booking_id.in_(booking_ids), Visitor.active, Visitor.person_index.is_not(None)
    )
    for booking_id, index in session.execute(named) if booking_ids else ():
        if index is not None:
            persons[booking_id].add(bytes(index))
    return persons


def list_rooms(
    session: Session, site_id: UUID, *, leaving_out: Iterable[UUID], now: datetime
) -> tuple[list[Room], dict[date, int]]:
    """The open slots to come with what is left of them, and what is left of days that have a cap."""
    out = set(leaving_out)
    coming = select(Slot).where(
        Slot.site_id == site_id,
        Slot.starts_at > now,
        Slot.state == SlotState.OPEN,
        Slot.provisional.is_(False),
    )
    found = session.scalars(coming.execution_options(populate_existing=True))
    rooms = [_room(slot) for slot in found if slot.id not in out]
    caps = select(DayCap.visit_on, DayCap.capacity - DayCap.booked).where(DayCap.site_id == site_id)
    return rooms, {on: int(left) for on, left in session.execute(caps)}


def _room(slot: Slot) -> Room:
    def left(capacity: int | None, taken: int) -> int | None:
        return None if capacity is None else capacity - taken

    return Room(
        slot_id=slot.id,
        visit_on=slot.visit_on,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        seats=slot.capacity - slot.booked - slot.held,
        children=left(slot.child_capacity, slot.children_booked),
        wheelchairs=left(slot.wheelchair_capacity, slot.wheelchairs_booked),
        sign_language=left(slot.sign_language_capacity, slot.sign_language_booked),
    )


def list_engagements(
    session: Session, site_id: UUID, movers: Sequence[Mover], *, now: datetime
) -> Engagements:
    """When those who come have visits already: at this site by day, members anywhere by time."""
    found = Engagements()
    members = {mover.member_id for mover in movers if mover.member_id is not None}
    indexes = {key for mover in movers for key in mover.keys if isinstance(key, bytes)}
    booked = select(
        Booking.id,
        Booking.member_id,
        Booking.contact_phone_index,
        Booking.site_id,
        Booking.visit_on,
        Booking.starts_at,
        Booking.ends_at,
    ).where(
        Booking.status.in_(ACTIVE),
        Booking.ends_at > now,
        or_(
            Booking.member_id.in_(members),
            and_(Booking.member_id.is_(None), Booking.contact_phone_index.in_(indexes)),
        ),
    )
    for row in session.execute(booked) if movers else ():
        who: Hashable = row.member_id or bytes(row.contact_phone_index)
        if row.site_id == site_id:
            found.days[who, row.visit_on] = row.id
        if row.member_id is not None:
            found.spans[row.member_id].append((row.id, row.starts_at, row.ends_at))
    named = select(Visitor.booking_id, Visitor.person_index, Visitor.visit_on).where(
        Visitor.site_id == site_id, Visitor.active, Visitor.person_index.in_(indexes)
    )
    for booking_id, index, visit_on in session.execute(named) if indexes else ():
        if index is not None:
            found.days[bytes(index), visit_on] = booking_id
    return found


def get_change(session: Session, change_id: UUID, *, site_id: UUID) -> SlotChange:
    """A change of a site's slots. Raises NotFound."""
    found = session.get(SlotChange, change_id, populate_existing=True)
    if found is None or found.site_id != site_id:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class BookingTold:
    """A booking that a change hit, as it is told of; `callers` have no inbox and must be called."""

    id: UUID
    number: str
    by_app: bool
    seats: int
    effect: Treatment
    before: datetime
    after: datetime | None
    outcome: Outcome | None


def list_changed(session: Session, change_id: UUID, *, limit: int) -> list[BookingTold]:
    """The bookings that a change hit, by time; one statement."""
    old, new = Slot.__table__.alias("old_slot"), Slot.__table__.alias("new_slot")
    statement = (
        select(
            Booking.id,
            Booking.number,
            Booking.member_id.is_not(None),
            Booking.seats,
            ChangedBooking.effect,
            old.c.starts_at,
            new.c.starts_at,
            ChangedBooking.outcome,
        )
        .join(Booking, Booking.id == ChangedBooking.booking_id)
        .join(old, old.c.id == ChangedBooking.slot_before)
        .outerjoin(new, new.c.id == ChangedBooking.slot_after)
        .where(ChangedBooking.change_id == change_id)
        .order_by(old.c.starts_at, Booking.id)
        .limit(limit)
    )
    return [BookingTold(*row) for row in session.execute(statement)]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many bookings and people of a change had one effect and, once taken back, one outcome."""

    effect: Treatment
    outcome: Outcome | None
    by_app: bool
    bookings: int
    seats: int


def count_changed(session: Session, change_id: UUID) -> list[Counted]:
    """The bookings that a change hit, counted by effect and outcome; one statement."""
    by_app = Booking.member_id.is_not(None)
    statement = (
        select(ChangedBooking.effect, ChangedBooking.outcome, by_app, func.count(), func.sum(Booking.seats))
        .join(Booking, Booking.id == ChangedBooking.booking_id)
        .where(ChangedBooking.change_id == change_id)
        .group_by(ChangedBooking.effect, ChangedBooking.outcome, by_app)
    )
    return [
        Counted(effect, outcome, bool(app), count, int(seats))
        for effect, outcome, app, count, seats in session.execute(statement)
    ]


def list_recent(session: Session, site_id: UUID, *, limit: int) -> list[SlotChange]:
    """The latest changes of a site's slots."""
    mine = select(SlotChange).where(SlotChange.site_id == site_id)
    return list(session.scalars(mine.order_by(SlotChange.made_at.desc(), SlotChange.id).limit(limit)))


def find_reason(session: Session, booking_id: UUID) -> str | None:
    """What was said about the latest change that hit a booking."""
    latest = (
        select(SlotChange.public_text)
        .join(ChangedBooking, ChangedBooking.change_id == SlotChange.id)
        .where(ChangedBooking.booking_id == booking_id)
        .order_by(SlotChange.made_at.desc())
    )
    return session.scalar(latest.limit(1))
