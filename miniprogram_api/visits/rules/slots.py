"""What can be booked and, where it cannot, why not and when it may be: one chain of rules."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.errors import FieldError, Invalid

# A slot its site no longer offers, kept because bookings refer to it; the public does not see it.
WITHDRAWN = "withdrawn"


class Availability(StrEnum):
    OPEN = "open"
    FULL = "full"
    NOT_RELEASED = "not_released"
    CLOSED = "closed"
    PAST = "past"


class Because(StrEnum):
    """Why a slot cannot be booked; a closed one gives its closure's own reason instead."""

    NOT_RELEASED = "not_released"
    PROVISIONAL = "provisional"
    PAST = "past"
    PAST_CUTOFF = "past_cutoff"
    SLOT_FULL = "slot_full"
    DAY_FULL = "day_full"
    SITE_PAUSED = "site_paused"
    CLOSED = "closed"


MAX_SPAN = timedelta(days=31)


def days_asked(first: date | None, last: date | None, *, today: date, default_days: int) -> tuple[date, date]:
    """The days of a list, both included; either end may be open. Raises Invalid beyond MAX_SPAN."""
    if first is None:
        first = today if last is None else min(today, last)
    if last is None:
        last = first + min(timedelta(days=default_days), MAX_SPAN)
    if not timedelta(0) <= last - first <= MAX_SPAN:
        raise Invalid(fields=[FieldError("to", "field.range")])
    return first, last


@dataclass(frozen=True, slots=True)
class Access:
    """What the site's standing allows: whether it takes bookings, and how far ahead at most.

    A site that is `gone` was withdrawn by the registry: nothing of it is open.
    """

    bookable: bool
    horizon_days: int | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFacts:
    """A slot as the chain sees it; `left` and `day_left` count seats under expired holds as free."""

    visit_on: date
    starts_at: datetime
    releases_at: datetime
    books_until: datetime
    closed: bool
    closed_reason: str | None
    provisional: bool
    left: int
    day_left: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The state of a slot; when it is not open, the reason's code and, if that is settled, when it opens."""

    state: Availability
    reason: str | None = None
    opens_at: datetime | None = None


def explain(slot: SlotFacts, access: Access, now: datetime) -> Explanation:
    """The first rule that keeps a slot from being booked now, or that it is open."""
    return _standing(slot, access, now) or _release(slot, access, now) or _seats(slot)


def _standing(slot: SlotFacts, access: Access, now: datetime) -> Explanation | None:
    if now >= slot.starts_at:
        return Explanation(Availability.PAST, Because.PAST)
    if not access.bookable:
        return Explanation(Availability.CLOSED, Because.SITE_PAUSED)
    if slot.closed:
        return Explanation(Availability.CLOSED, slot.closed_reason or Because.CLOSED)
    return None


def _release(slot: SlotFacts, access: Access, now: datetime) -> Explanation | None:
    if now >= slot.books_until:
        return Explanation(Availability.PAST, Because.PAST_CUTOFF)
    if slot.provisional:
        return Explanation(Availability.NOT_RELEASED, Because.PROVISIONAL)
    opens_at = opening_moment(slot, access)
    if now >= opens_at:
        return None
    # A release after the last moment to book would be a promise that is never kept.
    promised = opens_at if opens_at < slot.books_until else None
    return Explanation(Availability.NOT_RELEASED, Because.NOT_RELEASED, promised)


def opening_moment(slot: SlotFacts, access: Access) -> datetime:
    """When a slot is released: by its policy, and not before the site's horizon reaches it."""
    if access.horizon_days is None:
        return slot.releases_at
    reached = beijing_time(slot.visit_on - timedelta(days=access.horizon_days), 0)
    return max(slot.releases_at, reached)


def seats_left(slot: SlotFacts) -> int:
    """How many seats can be had: the slot's, and not more than its day has; never negative."""
    left = slot.left if slot.day_left is None else min(slot.left, slot.day_left)
    return max(left, 0)


def _seats(slot: SlotFacts) -> Explanation:
    if slot.left <= 0:
        return Explanation(Availability.FULL, Because.SLOT_FULL)
    if slot.day_left is not None and slot.day_left <= 0:
        return Explanation(Availability.FULL, Because.DAY_FULL)
    return Explanation(Availability.OPEN)
