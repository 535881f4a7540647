"""Which slots the plan of the days ahead asks for, and what that changes in the slots that exist already.

Five promises hold whatever changes: nothing of the past is touched; a slot in which anyone has a seat is
never deleted or moved; capacity never falls below the seats taken; a slot edited by hand is left alone but by
closures, and by the gazette that settles its year; a slot that was withdrawn comes back only at a site that
takes bookings. A session that a closure takes away exists as a closed slot, for the public to be told why.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.sites.rules import ClosedBecause, DayPlan, OpenSpan
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.rules.slots import WITHDRAWN, Access


@dataclass(frozen=True, slots=True)
class DatedPolicy:
    """A version of a site's policy and the first day whose slots it rules."""

    id: UUID
    version: int
    effective_on: date
    policy: Policy


def policy_on(versions: Sequence[DatedPolicy], on: date) -> DatedPolicy:
    """The version that rules the slots of a day: the latest to take effect by then, the newer of two equals.

    A day before the first version is ruled by the first.
    """
    in_force = [version for version in versions if version.effective_on <= on]
    if in_force:
        return max(in_force, key=lambda version: (version.effective_on, version.version))
    return min(versions, key=lambda version: (version.effective_on, -version.version))


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSlot:
    """A slot as the plan asks for it; `closed`: it would be, but for a closure."""

    visit_on: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    child_capacity: int | None
    wheelchair_capacity: int | None
    sign_language_capacity: int | None
    rule_id: UUID | None
    policy_id: UUID
    releases_at: datetime
    books_until: datetime
    provisional: bool
    closed: ClosedBecause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingSlot:
    """A slot as it stands. `referenced`: a booking or a hold, living or not, names it."""

    id: UUID
    visit_on: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    child_capacity: int | None
    wheelchair_capacity: int | None
    sign_language_capacity: int | None
    rule_id: UUID | None
    policy_id: UUID
    releases_at: datetime
    books_until: datetime
    provisional: bool
    state: str
    closed_reason: str | None
    closed_text: str | None
    closure_id: UUID | None
    amnesty: bool
    edited: bool
    booked: int
    held: int
    children_booked: int
    wheelchairs_booked: int
    sign_language_booked: int
    referenced: bool

    @property
    def taken(self) -> int:
        return self.booked + self.held


@dataclass(slots=True)
class Changes:
    """What would be made, removed and altered; `hit` slots have seats taken and no longer fit the plan."""

    made: list[WantedSlot] = field(default_factory=list)
    removed: list[ExistingSlot] = field(default_factory=list)
    altered: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    closed: list[ExistingSlot] = field(default_factory=list)  # those of the altered that a closure closes
    hit: list[ExistingSlot] = field(default_factory=list)

    @property
    def touches_existing(self) -> bool:
        return bool(self.removed or self.altered)


def wanted_slots(
    plans: Mapping[date, DayPlan], versions: Sequence[DatedPolicy], *, after: datetime
) -> list[WantedSlot]:
    """The slots that the plans give by time, without those that start by `after`."""
    wanted: dict[datetime, WantedSlot] = {}
    for on, plan in plans.items():
        ruling = policy_on(versions, on)
        for span, closed in [*((s.span, s.because) for s in plan.shut), *((s, None) for s in plan.spans)]:
            # What opens comes last and wins: a special opening may lie in hours that a closure had shut.
            slot = _wanted(on, span, ruling, provisional=plan.provisional, closed=closed)
            if slot.starts_at > after:
                wanted[slot.starts_at] = slot
    return [wanted[starts_at] for starts_at in sorted(wanted)]


def compare(
    plans: Mapping[date, DayPlan],
    versions: Sequence[DatedPolicy],
    existing: Iterable[ExistingSlot],
    access: Access,
    *,
    now: datetime,
) -> Changes:
    """What brings the existing slots of the planned days in line with the plan and the site's standing."""
    wanted = {slot.starts_at: slot for slot in wanted_slots(plans, versions, after=now)}
    changes = Changes()
    for slot in existing:
        wish = wanted.pop(slot.starts_at, None)
        if slot.starts_at <= now:
            continue
        fitted = _fitted(changes, slot, wish, plans[slot.visit_on])
        if fitted is None:
            changes.removed.append(slot)
            continue
        values = under_policy(slot, policy_on(versions, slot.visit_on)) | _allowed(slot, fitted, access)
        # The calendar's word, not the site's: it holds for slots that were edited by hand too.
        values["provisional"] = plans[slot.visit_on].provisional
        different = {name: value for name, value in values.items() if getattr(slot, name) != value}
        if different:
            changes.altered[slot.id] = different
            if "closure_id" in different and values.get("state") == "closed":
                changes.closed.append(slot)
    changes.made = list(wanted.values())
    return changes


def _allowed(slot: ExistingSlot, values: dict[str, Any], access: Access) -> dict[str, Any]:
    """The values, but closed where the site's standing lets the slot not open."""
    opens = values.get("state", slot.state) == "open"
    stays_shut = slot.closed_reason == WITHDRAWN and not access.bookable
    return {**values, **_WITHDRAWN_VALUES} if opens and (access.gone or stays_shut) else values


def under_policy(slot: ExistingSlot, ruling: DatedPolicy) -> dict[str, Any]:
    """The columns a slot takes over from a policy version it is not under yet.

    New bookings follow the new version at once, the old ones keep theirs. A slot with seats taken is never
    withdrawn from sale by a later release.
    """
    if slot.policy_id == ruling.id:
        return {}
    releases_at = ruling.policy.releases_at(slot.visit_on)
    return {
        "policy_id": ruling.id,
        "releases_at": min(releases_at, slot.releases_at) if slot.taken else releases_at,
        "books_until": ruling.policy.books_until(slot.starts_at),
    }


OPEN: Mapping[str, Any] = {
    "state": "open",
    "closed_reason": None,
    "closed_text": None,
    "closure_id": None,
    "amnesty": False,
}


_WITHDRAWN_VALUES: Mapping[str, Any] = {**OPEN, "state": "closed", "closed_reason": WITHDRAWN}


def closed_values(closed: ClosedBecause) -> dict[str, Any]:
    """The columns of a slot that a closure closes."""
    return {
        "state": "closed",
        "closed_reason": closed.reason_code,
        "closed_text": closed.public_text,
        "closure_id": closed.closure_id,
        "amnesty": closed.amnesty,
    }


def _wanted(
    on: date, span: OpenSpan, ruling: DatedPolicy, *, provisional: bool, closed: ClosedBecause | None
) -> WantedSlot:
    starts_at = beijing_time(on, span.starts_minute)
    return WantedSlot(
        visit_on=on,
        starts_at=starts_at,
        ends_at=beijing_time(on, span.ends_minute),
        capacity=span.capacity,
        child_capacity=span.child_capacity,
        wheelchair_capacity=span.wheelchair_capacity,
        sign_language_capacity=span.sign_language_capacity,
        rule_id=span.rule_id,
        policy_id=ruling.id,
        releases_at=ruling.policy.releases_at(on),
        books_until=ruling.policy.books_until(starts_at),
        provisional=provisional,
        closed=closed,
    )


def _fitted(
    changes: Changes, slot: ExistingSlot, wish: WantedSlot | None, plan: DayPlan
) -> dict[str, Any] | None:
    """The columns that fit a slot into the plan of its day; None: nothing keeps it."""
    closed = wish.closed if wish is not None else _closing(slot, plan)
    if _is_closed_by_hand(slot):
        return {}
    if closed is not None:
        return closed_values(closed)
    if slot.edited:
        return {} if slot.closure_id is None else dict(OPEN)
    if wish is not None:
        return _reshaped(changes, slot, wish)
    if not slot.referenced:
        return None
    if slot.taken:
        changes.hit.append(slot)
    return dict(_WITHDRAWN_VALUES)


def _closing(slot: ExistingSlot, plan: DayPlan) -> ClosedBecause | None:
    """The closure that closes a slot the plan does not know: an added one, or one of former hours."""
    if plan.closed is not None and plan.closed.closure_id is not None:
        return plan.closed
    for shut in reversed(plan.shut):
        starts_at = beijing_time(slot.visit_on, shut.span.starts_minute)
        if slot.starts_at < beijing_time(slot.visit_on, shut.span.ends_minute) and starts_at < slot.ends_at:
            return shut.because
    return None


def _is_closed_by_hand(slot: ExistingSlot) -> bool:
    return slot.edited and slot.state == "closed" and slot.closure_id is None


def _reshaped(changes: Changes, slot: ExistingSlot, wish: WantedSlot) -> dict[str, Any]:
    moved = slot.taken > 0 and slot.ends_at != wish.ends_at
    if moved or wish.capacity < slot.taken:
        changes.hit.append(slot)
    return {
        **OPEN,
        "ends_at": slot.ends_at if moved else wish.ends_at,
        "rule_id": wish.rule_id,
        "capacity": max(wish.capacity, slot.taken),
        "child_capacity": _at_least(wish.child_capacity, slot.children_booked),
        "wheelchair_capacity": _at_least(wish.wheelchair_capacity, slot.wheelchairs_booked),
        "sign_language_capacity": _at_least(wish.sign_language_capacity, slot.sign_language_booked),
    }


def _at_least(wanted: int | None, taken: int) -> int | None:
    return None if wanted is None else max(wanted, taken)
