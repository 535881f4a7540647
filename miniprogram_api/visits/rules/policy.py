"""A site's booking policy as data: every number a venue states about release, party, cancelling and strikes.

Rules that one venue has and another has not are numbers that may be None. Strikes are counted in half points,
so that a late cancellation can weigh half a no-show without fractions.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from miniprogram_api.kernel.clock import beijing_date, beijing_time
from miniprogram_api.kernel.errors import FieldError, Invalid

DAY_MINUTES = 1440


class RealName(StrEnum):
    """Who of a party gives name and document: nobody, a contact (name only), one visitor, or every one."""

    NONE = "none"
    CONTACT = "contact"
    LEAD = "lead"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number of the policy may be."""

    least: int
    most: int
    optional: bool = False


def _number(default: int | None, least: int, most: int, *, optional: bool = False) -> Any:
    return dataclasses.field(default=default, metadata={"bounds": Bounds(least, most, optional)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules one slot is booked under. Minutes of a day count from Beijing's midnight; 1440 is its end."""

    # Release: slots of a day open so many days before it, at this minute, and close before they start.
    window_days: int = _number(7, 0, 180)
    release_minute: int = _number(18 * 60, 0, DAY_MINUTES)
    notice_minutes: int = _number(60, 0, 30 * DAY_MINUTES)
    same_day: bool = True  # False: booking ends with the day before

    # Holds.
    hold_minutes: int = _number(10, 1, 60)
    hold_extensions: int = _number(1, 0, 1)

    # Party. A child is younger than child_age; children come with adults unless children_per_adult is None.
    party_min: int = _number(1, 1, 1000)
    party_max: int = _number(5, 1, 1000)
    children_max: int | None = _number(None, 0, 1000, optional=True)
    children_per_adult: int | None = _number(3, 0, 100, optional=True)
    child_age: int = _number(14, 1, 18)

    # How often. Once a day is no number of a policy: a unique index holds it at every site.
    visits_limit: int | None = _number(5, 1, 1000, optional=True)
    visits_limit_days: int = _number(30, 1, 366)

    # Cancelling. Free until the first moment, allowed until the second; a moment is a minute of a day so many
    # days before the visit, or so many minutes before the start when that is given.
    cancel_free_days_before: int = _number(1, 0, 30)
    cancel_free_minute: int = _number(20 * 60, 0, DAY_MINUTES)
    cancel_free_minutes_before: int | None = _number(None, 0, 30 * DAY_MINUTES, optional=True)
    cancel_last_minute: int | None = _number(None, 0, DAY_MINUTES, optional=True)  # of the visit day
    cancel_last_minutes_before: int = _number(0, 0, 30 * DAY_MINUTES)  # unless the minute above is given
    cancels_per_day: int | None = _number(None, 0, 100, optional=True)
    cancels_per_week: int | None = _number(None, 0, 100, optional=True)
    cancels_per_month: int | None = _number(None, 0, 100, optional=True)
    cancels_per_year: int | None = _number(None, 0, 1000, optional=True)
    changes_per_booking: int | None = _number(None, 0, 100, optional=True)

    # Strikes, in half points.
    cancel_half_points: int = _number(0, 0, 20)  # for a cancellation in time
    late_cancel_half_points: int = _number(1, 0, 20)
    no_show_half_points: int = _number(2, 0, 20)
    strike_days: int = _number(180, 1, 3650)
    warn_half_points: int | None = _number(None, 1, 100, optional=True)
    ban_half_points: int | None = _number(6, 1, 100, optional=True)
    ban_days: int = _number(30, 1, 3650)

    # Entry: from so long before the start to so long after it; None: to the end of the slot.
    entry_before_minutes: int = _number(15, 0, DAY_MINUTES)
    entry_after_minutes: int | None = _number(30, 0, DAY_MINUTES, optional=True)
    no_show_grace_minutes: int = _number(60, 0, 7 * DAY_MINUTES)  # after entry ended

    # Persons.
    real_name: RealName = RealName.NONE
    id_retention_days: int = _number(30, 0, 365)

    def releases_at(self, visit_on: date) -> datetime:
        """When the slots of a day can first be booked."""
        return beijing_time(visit_on - timedelta(days=self.window_days), self.release_minute)

    def books_until(self, starts_at: datetime) -> datetime:
        """When a slot can no longer be booked; exclusive."""
        until = starts_at - timedelta(minutes=self.notice_minutes)
        return until if self.same_day else min(until, beijing_time(beijing_date(starts_at), 0))

    def cancel_free_until(self, starts_at: datetime) -> datetime:
        """Until when cancelling is in time; exclusive, never after `cancel_until`."""
        if self.cancel_free_minutes_before is not None:
            until = starts_at - timedelta(minutes=self.cancel_free_minutes_before)
        else:
            day = beijing_date(starts_at) - timedelta(days=self.cancel_free_days_before)
            until = beijing_time(day, self.cancel_free_minute)
        return min(until, self.cancel_until(starts_at))

    def cancel_until(self, starts_at: datetime) -> datetime:
        """Until when a member can cancel at all; exclusive. Venues may take it back even after the start."""
        if self.cancel_last_minute is not None:
            return beijing_time(beijing_date(starts_at), self.cancel_last_minute)
        return starts_at - timedelta(minutes=self.cancel_last_minutes_before)

    def entry_from(self, starts_at: datetime) -> datetime:
        """From when a gate admits."""
        return starts_at - timedelta(minutes=self.entry_before_minutes)

    def entry_until(self, starts_at: datetime, ends_at: datetime) -> datetime:
        """Until when a gate admits; exclusive."""
        if self.entry_after_minutes is None:
            return ends_at
        return starts_at + timedelta(minutes=self.entry_after_minutes)

    def no_show_at(self, starts_at: datetime, ends_at: datetime) -> datetime:
        """From when who has not come counts as a no-show."""
        return self.entry_until(starts_at, ends_at) + timedelta(minutes=self.no_show_grace_minutes)

    def children_allowed(self, adults: int) -> int | None:
        """How many children may come with so many adults; None: any number, alone too."""
        limits = [self.children_max] if self.children_max is not None else []
        if self.children_per_adult is not None:
            limits.append(self.children_per_adult * adults)
        return min(limits, default=None)


DEFAULT = Policy()
FIELDS: Mapping[str, "dataclasses.Field[Any]"] = {field.name: field for field in dataclasses.fields(Policy)}


def to_numbers(policy: Policy) -> dict[str, Any]:
    """The policy as plain JSON values, every number named."""
    return {name: str(value) if isinstance(value, RealName) else value for name, value in _values(policy)}


def from_numbers(numbers: Mapping[str, Any]) -> Policy:
    """The policy of a mapping, otherwise the default's. Raises Invalid, naming each wrong field."""
    wrong = [error for name, value in numbers.items() if (error := _check(name, value))]
    if wrong:
        raise Invalid(fields=wrong)
    values = dict(numbers)
    if "real_name" in values:
        values["real_name"] = RealName(values["real_name"])
    policy = Policy(**values)
    wrong = _contradictions(policy)
    if wrong:
        raise Invalid(fields=wrong)
    return policy


def changed(policy: Policy, numbers: Mapping[str, Any]) -> Policy:
    """The policy with some of its numbers replaced. Raises Invalid as `from_numbers`."""
    return from_numbers({**to_numbers(policy), **numbers})


def _values(policy: Policy) -> list[tuple[str, Any]]:
    return [(name, getattr(policy, name)) for name in FIELDS]


def _check(name: str, value: Any) -> FieldError | None:
    field = FIELDS.get(name)
    if field is None:
        return FieldError(name, "field.unknown")
    bounds: Bounds | None = field.metadata.get("bounds")
    if name == "real_name":
        return None if value in list(RealName) else FieldError(name, "field.choice")
    if bounds is None:
        return None if isinstance(value, bool) else FieldError(name, "field.type")
    return _check_bounds(name, value, bounds)


def _check_bounds(name: str, value: Any, bounds: Bounds) -> FieldError | None:
    if value is None:
        return None if bounds.optional else FieldError(name, "field.null")
    if not isinstance(value, int) or isinstance(value, bool):
        return FieldError(name, "field.type")
    return None if bounds.least <= value <= bounds.most else FieldError(name, "field.range")


def _contradictions(policy: Policy) -> list[FieldError]:
    wrong = []
    if policy.party_min > policy.party_max:
        wrong.append(FieldError("party_min", "visits.policy_contradiction", {"other": "party_max"}))
    warn, ban = policy.warn_half_points, policy.ban_half_points
    if warn is not None and ban is not None and warn > ban:
        wrong.append(
            FieldError("warn_half_points", "visits.policy_contradiction", {"other": "ban_half_points"})
        )
    return wrong
