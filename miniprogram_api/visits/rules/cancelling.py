"""What is left of a party of which some drop out, and how often one may cancel."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from miniprogram_api.kernel.clock import beijing_date, beijing_time
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.visits.errors.bookings import CancelLimitReached
from miniprogram_api.visits.rules.party import Party, remaining_party
from miniprogram_api.visits.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who drops out: so many seats, or so many adults and children; and which of the named visitors."""

    seats: int | None = None
    adults: int = 0
    children: int = 0
    visitor_ids: Sequence[UUID] = ()


NOBODY = Party(0, 0)


def party_left(party: Party, leaving: Leaving | None) -> Party:
    """The party after they have dropped out; without a word on who, all do. Raises Invalid."""
    if leaving is None:
        return NOBODY
    if leaving.seats is not None:
        if not 1 <= leaving.seats <= party.seats:
            raise Invalid(fields=[FieldError("seats", "field.range")])
    elif leaving.adults > party.adults:
        raise Invalid(fields=[FieldError("adults", "field.range")])
    elif leaving.children > party.children:
        raise Invalid(fields=[FieldError("children", "field.range")])
    return remaining_party(party, seats=leaving.seats, adults=leaving.adults, children=leaving.children)


def cancel_limits(policy: Policy, now: datetime) -> list[tuple[datetime, int]]:
    """Since when the policy counts cancellations, and how many it allows: day, week, month, year."""
    today = beijing_date(now)
    limits = [
        (today, policy.cancels_per_day),
        (today - timedelta(days=today.weekday()), policy.cancels_per_week),
        (today.replace(day=1), policy.cancels_per_month),
        (date(today.year, 1, 1), policy.cancels_per_year),
    ]
    return [(beijing_time(first, 0), most) for first, most in limits if most is not None]


def check_cancel_limits(limits: Iterable[tuple[datetime, int]], cancelled_at: Collection[datetime]) -> None:
    """Raises CancelLimitReached when a period has as many cancellations as the policy allows."""
    for since, most in limits:
        if sum(at >= since for at in cancelled_at) >= most:
            raise CancelLimitReached(most=most)
