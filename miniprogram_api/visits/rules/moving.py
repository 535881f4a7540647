"""Where the parties of slots that change could go: the next slot with room, when they have no other visit."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A living booking that a change hits. `keys` stand for its member or caller and its named visitors."""

    id: UUID
    number: str
    member_id: UUID | None
    site_id: UUID
    slot_id: UUID
    visit_on: date
    starts_at: datetime
    ends_at: datetime
    seats: int
    children: int
    wheelchairs: int
    sign_language: int
    revision: int
    created_at: datetime
    policy_id: UUID
    keys: frozenset[Hashable] = frozenset()


@dataclass(slots=True, kw_only=True)
class Room:
    """What is left of a slot; None: no limit."""

    slot_id: UUID
    visit_on: date
    starts_at: datetime
    ends_at: datetime
    seats: int
    children: int | None = None
    wheelchairs: int | None = None
    sign_language: int | None = None

    def fits(self, mover: Mover) -> bool:
        return (
            mover.seats <= self.seats
            and _fits(mover.children, self.children)
            and _fits(mover.wheelchairs, self.wheelchairs)
            and _fits(mover.sign_language, self.sign_language)
        )

    def take(self, mover: Mover) -> None:
        self.seats -= mover.seats
        self.children = _less(self.children, mover.children)
        self.wheelchairs = _less(self.wheelchairs, mover.wheelchairs)
        self.sign_language = _less(self.sign_language, mover.sign_language)


@dataclass(slots=True)
class Engagements:
    """Who has a visit when: at this site by day, and a member's anywhere by time; by booking."""

    days: dict[tuple[Hashable, date], UUID] = field(default_factory=dict)
    spans: dict[UUID, list[tuple[UUID, datetime, datetime]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def allow(self, mover: Mover, room: Room) -> bool:
        """Whether none of the party has another visit then."""
        same_day = (self.days.get((key, room.visit_on)) for key in mover.keys)
        if any(found is not None and found != mover.id for found in same_day):
            return False
        known = self.spans.get(mover.member_id, []) if mover.member_id else []
        return not any(
            booking != mover.id and starts < room.ends_at and ends > room.starts_at
            for booking, starts, ends in known
        )

    def put(self, mover: Mover, room: Room) -> None:
        """The party comes to that slot now."""
        for key in mover.keys:
            if self.days.get((key, mover.visit_on)) == mover.id:
                del self.days[key, mover.visit_on]
            self.days[key, room.visit_on] = mover.id
        if mover.member_id is not None:
            others = [known for known in self.spans.get(mover.member_id, []) if known[0] != mover.id]
            self.spans[mover.member_id] = [*others, (mover.id, room.starts_at, room.ends_at)]


def plan_moves(
    movers: Iterable[Mover],
    rooms: Sequence[Room],
    day_seats: dict[date, int],
    engagements: Engagements,
    *,
    target_id: UUID | None = None,
) -> dict[UUID, Room]:
    """The slot each party would go to, by booking; who finds none is left out.

    Parties are placed in the order of their visits, then of their bookings. `day_seats` is what is left of
    days that have a cap; it and the rooms are used up.
    """
    found: dict[UUID, Room] = {}
    ordered = sorted(rooms, key=lambda room: room.starts_at)
    for mover in sorted(movers, key=lambda m: (m.starts_at, m.created_at, m.id)):
        for room in ordered:
            meant = room.slot_id == target_id if target_id is not None else room.starts_at > mover.starts_at
            if meant and _has_place(mover, room, day_seats) and engagements.allow(mover, room):
                room.take(mover)
                _move_day(mover, room, day_seats)
                engagements.put(mover, room)
                found[mover.id] = room
                break
    return found


def surplus(movers: Iterable[Mover], *, taken: int, capacity: int) -> list[Mover]:
    """Who would have to go for the seats to suffice: those who booked last."""
    leaving: list[Mover] = []
    for mover in sorted(movers, key=lambda m: (m.created_at, m.id), reverse=True):
        if taken <= capacity:
            break
        leaving.append(mover)
        taken -= mover.seats
    return leaving


def _has_place(mover: Mover, room: Room, day_seats: dict[date, int]) -> bool:
    if not room.fits(mover):
        return False
    own = mover.seats if mover.visit_on == room.visit_on else 0
    return room.visit_on not in day_seats or mover.seats <= day_seats[room.visit_on] + own


def _move_day(mover: Mover, room: Room, day_seats: dict[date, int]) -> None:
    if mover.visit_on in day_seats:
        day_seats[mover.visit_on] += mover.seats
    if room.visit_on in day_seats:
        day_seats[room.visit_on] -= mover.seats


def _fits(wanted: int, left: int | None) -> bool:
    return left is None or wanted <= left


def _less(left: int | None, taken: int) -> int | None:
    return None if left is None else left - taken
