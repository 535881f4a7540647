"""What booking should do, said once more and much shorter: the model that a state machine compares with."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

PARTY_MAX = 5
CHILDREN_PER_ADULT = 3
NOTICE = timedelta(minutes=60)
HOLD = timedelta(minutes=10)
ENTRY_BEFORE = timedelta(hours=24)
ENTRY_AFTER = timedelta(minutes=30)
GRACE = timedelta(minutes=60)
UNDO = timedelta(minutes=15)
BAN_AT = 6
LIVING = ("confirmed", "partly_admitted", "admitted")


@dataclass(eq=False)
class Place:
    """A slot."""

    id: str
    at_home: bool  # at the site whose gate and manager there are
    on: date
    starts: datetime
    ends: datetime
    capacity: int
    child_capacity: int | None = None
    closed: bool = False
    withdrawn: bool = False  # with its site, by the registry

    def is_over(self, now: datetime) -> bool:
        return now >= self.starts - NOTICE


@dataclass(eq=False)
class Held:
    """A hold."""

    id: str
    member: int
    place: Place
    seats: int
    until: datetime
    extended: bool = False
    ended: bool = False

    def lives(self, now: datetime) -> bool:
        return not self.ended and now < self.until


@dataclass(eq=False)
class Visit:
    """A booking, with every code it was given; the last one is current while the booking is not cancelled."""

    id: str
    member: int
    place: Place
    adults: int
    children: int
    codes: list[str]
    status: str = "confirmed"
    admitted: int = 0
    seen_over: set[str] = field(default_factory=set)

    @property
    def seats(self) -> int:
        return self.adults + self.children

    @property
    def living(self) -> bool:
        return self.status in LIVING

    @property
    def free_until(self) -> datetime:
        """Until when cancelling costs nothing: 20:00 on the day before."""
        return datetime.combine(self.place.on, datetime.min.time(), self.place.starts.tzinfo) - timedelta(
            hours=4
        )


@dataclass(eq=False)
class Entry:
    """A scan that let somebody in."""

    id: str
    visit: Visit
    seats: int
    at: datetime
    undone: bool = False


@dataclass
class City:
    """Everything there is."""

    places: list[Place]
    day_caps: dict[date, int]
    visits: list[Visit] = field(default_factory=list)
    holds: list[Held] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    strikes: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)

    def booked(self, place: Place) -> int:
        return sum(v.seats for v in self.visits if v.place is place and v.status != "cancelled")

    def held(self, place: Place, now: datetime) -> int:
        return sum(h.seats for h in self.holds if h.place is place and h.lives(now))

    def left(self, place: Place, now: datetime) -> int:
        return place.capacity - self.booked(place) - self.held(place, now)

    def day_left(self, place: Place, now: datetime) -> int | None:
        cap = self.day_caps.get(place.on) if place.at_home else None
        same_day = [p for p in self.places if p.at_home and p.on == place.on]
        return None if cap is None else cap - sum(p.capacity - self.left(p, now) for p in same_day)

    def is_barred(self, member: int) -> bool:
        return sum(points for who, points in self.strikes.values() if who == member) >= BAN_AT

    def strike(self, visit: Visit, half_points: int) -> None:
        """At most one of a kind for a booking: a late change weighs 1, a missed visit 2."""
        self.strikes.setdefault((visit.id, half_points), (visit.member, half_points))

    def why_not_time(self, place: Place, now: datetime) -> set[str]:
        found = {"visits.past_cutoff"} if place.is_over(now) else set()
        if place.withdrawn:
            found.add("visits.site_not_bookable")
        return found | ({"visits.slot_closed"} if place.closed and now < place.starts else set())

    def why_not_party(self, adults: int, children: int) -> set[str]:
        found = {"visits.party_too_large"} if adults + children > PARTY_MAX else set()
        if children > CHILDREN_PER_ADULT * adults:
            found.add("visits.too_many_children" if adults else "visits.party_needs_adult")
        return found

    def why_not_member(self, member: int, place: Place, leaving: Visit | None = None) -> set[str]:
        found = {"visits.member_barred"} if self.is_barred(member) else set()
        for visit in self.visits:
            if visit.member != member or not visit.living or visit is leaving:
                continue
            if visit.place.at_home == place.at_home and visit.place.on == place.on:
                found.add("visits.already_booked")
            if visit.place.starts < place.ends and place.starts < visit.place.ends:
                found.add("visits.overlaps")
        return found

    def why_no_room(
        self,
        place: Place,
        now: datetime,
        *,
        seats: int,
        children: int,
        own: Held | None = None,
        leaving: Visit | None = None,
    ) -> set[str]:
        mine = own.seats if own else 0
        found = {"visits.slot_full"} if seats > self.left(place, now) + mine else set()
        day_left = self.day_left(place, now)
        moves_within_day = leaving is not None and leaving.place.on == place.on
        if day_left is not None and seats > day_left + mine + (
            leaving.seats if moves_within_day and leaving else 0
        ):
            found.add("visits.day_full")
        taken = sum(v.children for v in self.visits if v.place is place and v.status != "cancelled")
        if place.child_capacity is not None and taken + children > place.child_capacity:
            found.add("visits.children_full")
        return found

    def scan_result(self, visit: Visit, code: str, now: datetime) -> str:
        if not visit.place.at_home:
            return "wrong_site"
        if visit.status == "cancelled" or code != visit.codes[-1]:
            return "revoked"
        if visit.admitted == visit.seats:
            return "already_used"
        if visit.status == "no_show":
            return "too_late"
        if now < visit.place.starts - ENTRY_BEFORE:
            return "too_early"
        over = code in visit.seen_over or now >= visit.place.starts + ENTRY_AFTER
        return "too_late" if over else "ok"

    def withdraw(self, place: Place, now: datetime) -> None:
        """What the registry does to a place whose site it withdraws: visits to come end without blame."""
        place.withdrawn = True
        if now >= place.starts:
            return
        place.closed = True
        for visit in self.visits:
            if visit.place is place and visit.status == "confirmed":
                visit.status = "cancelled"
        for held in self.holds:
            held.ended = held.ended or held.place is place

    def settle(self, now: datetime) -> None:
        """What the sweep of no-shows does."""
        for visit in self.visits:
            if visit.status == "confirmed" and now >= visit.place.starts + ENTRY_AFTER + GRACE:
                visit.status = "cancelled" if visit.place.closed else "no_show"
                if visit.status == "no_show":
                    self.strike(visit, 2)
