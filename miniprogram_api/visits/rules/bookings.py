"""Whether a party may have a slot: every rule that looks at site, slot, policy and member, in one order.

The order is the one a person would want to hear: what is wrong with the slot, then with the party, then with
themselves, and last that there is no place.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.visits.errors.bookings import (
    AlreadyBooked,
    ChildrenFull,
    DayFull,
    LimitReached,
    MemberBarred,
    NotReleased,
    Overlaps,
    PastCutoff,
    SignLanguageTaken,
    SiteNotBookable,
    SlotClosed,
    SlotFull,
    WheelchairsTaken,
)
from miniprogram_api.visits.rules.party import Party, check_party
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.rules.slots import Access, Availability, Because, Explanation, SlotFacts, explain


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitings:
    """What a visitor has booked already; `same_site`: the days of their visits to this site, with numbers."""

    same_site: Mapping[date, str] = field(default_factory=dict)
    overlapping: str | None = None
    barred_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A slot as one visitor finds it; seats under their own hold and under expired holds count as free."""

    slot: SlotFacts
    ends_at: datetime
    closed_text: str | None
    access: Access
    policy: Policy
    children_left: int | None
    wheelchairs_left: int | None
    sign_language_left: int | None
    visitings: Visitings


def check_booking(situation: Situation, party: Party, *, now: datetime, overridden: bool = False) -> None:
    """Refuse what the rules forbid. Staff who override them are still bound by places and by what is closed.

    Raises the errors of `check_time`, `check_party`, `check_visitings` and `check_places`.
    """
    check_time(situation, now=now, overridden=overridden)
    if not overridden:
        check_party(party, situation.policy)
        check_visitings(situation, now=now)
    check_places(situation, party)


def check_time(situation: Situation, *, now: datetime, overridden: bool = False) -> None:
    """Raises SiteNotBookable, SlotClosed, NotReleased or PastCutoff."""
    explained = explain(situation.slot, situation.access, now)
    if explained.state in (Availability.OPEN, Availability.FULL):
        return
    if overridden and _may_be_overridden(explained, situation, now):
        return
    match explained.state, explained.reason:
        case Availability.PAST, _:
            raise PastCutoff(books_until=instant_text(situation.slot.books_until))
        case Availability.NOT_RELEASED, reason:
            opens_at = explained.opens_at
            raise NotReleased(reason=reason, opens_at=instant_text(opens_at) if opens_at else None)
        case _, Because.SITE_PAUSED:
            raise SiteNotBookable
        case _, reason:
            raise SlotClosed(reason=reason, text=situation.closed_text or "")


def _may_be_overridden(explained: Explanation, situation: Situation, now: datetime) -> bool:
    closed = situation.slot.closed or not situation.access.bookable
    return explained.state is not Availability.CLOSED and not closed and now < situation.ends_at


def check_visitings(situation: Situation, *, now: datetime) -> None:
    """Raises MemberBarred, AlreadyBooked, Overlaps or LimitReached."""
    known, policy, visit_on = situation.visitings, situation.policy, situation.slot.visit_on
    if known.barred_until is not None and now < known.barred_until:
        raise MemberBarred(until=instant_text(known.barred_until))
    if visit_on in known.same_site:
        raise AlreadyBooked(rule="one_visit_per_day", number=known.same_site[visit_on])
    if known.overlapping is not None:
        raise Overlaps(number=known.overlapping)
    most, days = policy.visits_limit, policy.visits_limit_days
    if most is not None and busiest_span(known.same_site.keys(), visit_on, days=days) > most:
        raise LimitReached(most=most, days=days)


def check_places(situation: Situation, party: Party) -> None:
    """Raises DayFull, SlotFull, ChildrenFull, WheelchairsTaken or SignLanguageTaken."""
    slot = situation.slot
    if slot.day_left is not None and party.seats > slot.day_left:
        raise DayFull(left=max(slot.day_left, 0), alternatives=[])
    if party.seats > slot.left:
        raise SlotFull(left=max(slot.left, 0), alternatives=[])
    if situation.children_left is not None and party.children > situation.children_left:
        raise ChildrenFull(left=situation.children_left, alternatives=[])
    if situation.wheelchairs_left is not None and party.wheelchairs > situation.wheelchairs_left:
        raise WheelchairsTaken(left=situation.wheelchairs_left, alternatives=[])
    if situation.sign_language_left is not None and party.sign_language > situation.sign_language_left:
        raise SignLanguageTaken(left=situation.sign_language_left, alternatives=[])


def busiest_span(booked: Collection[date], new: date, *, days: int) -> int:
    """The most visits, the new one among them, within any so many consecutive days."""
    reach = timedelta(days=days)
    near = sorted([on for on in booked if abs(on - new) < reach] + [new])
    return max(sum(first <= on < first + reach for on in near) for first in near if first <= new)


def instant_text(at: datetime) -> str:
    """An instant as the values of an error carry it."""
    return at.astimezone(BEIJING).isoformat(timespec="seconds")
