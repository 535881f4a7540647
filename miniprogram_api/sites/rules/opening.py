"""On which days a site opens, and in which sessions: rules, weekly closing and exceptions in one plan.

For each day, in this order:
1. Of the rules that apply to the day (weekday, season, validity) those of the highest priority count. The
   weekly closing day closes, unless it is a statutory holiday: then the next working day closes instead.
2. Closures and special openings follow in the order they were made, so the later word holds: a closure
   takes away every session it touches, a special opening adds its own and takes away those in its way.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from miniprogram_api.kernel.workdays import Day, closed_weekly
from miniprogram_api.sites.models import ClosureKind

DAY_MINUTES = 1440

_NO_RULE = "当日不开放。"
_OFF_SEASON = "非开放季，当日不开放。"
_WEEKLY = "每周例行闭馆日。"
_WEEKLY_MOVED = "闭馆日逢法定节假日照常开放，顺延至当日闭馆。"


@dataclass(frozen=True, slots=True)
class Season:
    """Days of every year as (month, day), ends included; an end before the start lies in the next year."""

    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, on: date) -> bool:
        day = (on.month, on.day)
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRuleFacts:
    """Hours of a site on some weekdays, cut into sessions. Minutes count from midnight in Beijing."""

    id: UUID
    weekdays: frozenset[int]  # 1 Monday … 7 Sunday
    opens_minute: int
    closes_minute: int
    slot_minutes: int
    capacity: int
    season: Season | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    child_capacity: int | None = None
    wheelchair_capacity: int | None = None
    sign_language_capacity: int | None = None
    day_capacity: int | None = None
    priority: int = 0

    def holds_on(self, on: date) -> bool:
        return on.isoweekday() in self.weekdays and self.in_season(on)

    def in_season(self, on: date) -> bool:
        """Whether the rule is in force around the day, its weekday aside."""
        if self.valid_from is not None and on < self.valid_from:
            return False
        if self.valid_to is not None and on > self.valid_to:
            return False
        return self.season is None or self.season.holds(on)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureFacts:
    """A closure or special opening; without minutes it closes whole days."""

    id: UUID
    kind: ClosureKind
    first_on: date
    last_on: date
    reason_code: str
    public_text: str
    from_minute: int | None = None
    to_minute: int | None = None
    slot_minutes: int | None = None
    capacity: int | None = None
    amnesty: bool = True

    def holds_on(self, on: date) -> bool:
        return self.first_on <= on <= self.last_on

    def hours(self) -> tuple[int, int]:
        """The minutes of each day it is about."""
        return self.from_minute or 0, DAY_MINUTES if self.to_minute is None else self.to_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSpan:
    """One session of a day. `rule_id` made it, or the special opening `closure_id`."""

    starts_minute: int
    ends_minute: int
    capacity: int
    child_capacity: int | None = None
    wheelchair_capacity: int | None = None
    sign_language_capacity: int | None = None
    rule_id: UUID | None = None
    closure_id: UUID | None = None

    def touches(self, starts: int, ends: int) -> bool:
        return self.starts_minute < ends and starts < self.ends_minute


@dataclass(frozen=True, slots=True)
class ClosedBecause:
    """Why nothing opens: a code, a sentence for the public, and whether missing a visit is forgiven."""

    reason_code: str
    public_text: str
    closure_id: UUID | None = None
    amnesty: bool = False


@dataclass(frozen=True, slots=True)
class ShutSpan:
    """A session that would have been, and the closure that takes it away."""

    span: OpenSpan
    because: ClosedBecause


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A day of a site. `closed` says why there is no session, and is None if there is one.

    `shut` are the sessions that closures of the day take away; `provisional` days lie in a year whose
    holidays are not gazetted yet: they are shown but not released.
    """

    spans: tuple[OpenSpan, ...]
    day_capacity: int | None
    closed: ClosedBecause | None
    provisional: bool
    shut: tuple[ShutSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything that decides when a site opens; closures in the order they were made."""

    weekly_closing_weekday: int | None
    rules: tuple[OpeningRuleFacts, ...] = ()
    closures: tuple[ClosureFacts, ...] = ()

    def with_rule(self, rule: OpeningRuleFacts) -> "Opening":
        """The same with a rule added, or put in place of the one with its id."""
        return dataclasses.replace(self, rules=(*(r for r in self.rules if r.id != rule.id), rule))

    def without_rule(self, rule_id: UUID) -> "Opening":
        return dataclasses.replace(self, rules=tuple(r for r in self.rules if r.id != rule_id))

    def with_closure(self, closure: ClosureFacts) -> "Opening":
        return dataclasses.replace(self, closures=(*self.closures, closure))

    def with_closure_changed(self, closure: ClosureFacts) -> "Opening":
        """The same with a closure put in place of the one with its id."""
        changed = tuple(closure if c.id == closure.id else c for c in self.closures)
        return dataclasses.replace(self, closures=changed)

    def without_closure(self, closure_id: UUID) -> "Opening":
        return dataclasses.replace(self, closures=tuple(c for c in self.closures if c.id != closure_id))


def plan_days(
    opening: Opening, first: date, last: date, *, calendar: Mapping[date, Day]
) -> dict[date, DayPlan]:
    """The plan of every day from first to last, both included.

    `calendar` must reach workdays.LOOK_AROUND before the first day, or a displaced closing day is missed.
    """
    weekday = opening.weekly_closing_weekday
    shut_weekly = frozenset[date]() if weekday is None else closed_weekly(calendar, weekday - 1)
    days = (first + timedelta(days=count) for count in range((last - first).days + 1))
    return {on: _plan_day(opening, on, calendar[on], shut_weekly) for on in days}


def _plan_day(opening: Opening, on: date, day: Day, shut_weekly: frozenset[date]) -> DayPlan:
    ruling = _ruling(opening.rules, on)
    closed = _closed_by_routine(opening, on, ruling, shut_weekly)
    spans = [] if closed else _sessions_of(ruling)
    shut: list[ShutSpan] = []
    for closure in opening.closures:
        if not closure.holds_on(on):
            continue
        if closure.kind is ClosureKind.SPECIAL_OPENING:
            spans = _opened(spans, closure)
        else:
            because = ClosedBecause(closure.reason_code, closure.public_text, closure.id, closure.amnesty)
            hit = [span for span in spans if span.touches(*closure.hours())]
            shut += [ShutSpan(span, because) for span in hit]
            spans = [span for span in spans if span not in hit]
            closed = because if hit or closed is None else closed
    spans.sort(key=lambda span: span.starts_minute)
    return DayPlan(
        spans=tuple(spans),
        day_capacity=min(
            (rule.day_capacity for rule in ruling if rule.day_capacity is not None), default=None
        ),
        closed=None if spans else closed,
        provisional=day.provisional,
        shut=tuple(shut),
    )


def _ruling(rules: Iterable[OpeningRuleFacts], on: date) -> list[OpeningRuleFacts]:
    """The rules of the highest priority among those that hold on a day, by time."""
    holding = [rule for rule in rules if rule.holds_on(on)]
    highest = max((rule.priority for rule in holding), default=0)
    return sorted((r for r in holding if r.priority == highest), key=lambda r: (r.opens_minute, r.id))


def _closed_by_routine(
    opening: Opening, on: date, ruling: Sequence[OpeningRuleFacts], shut_weekly: frozenset[date]
) -> ClosedBecause | None:
    if on in shut_weekly and opening.rules:
        moved = on.isoweekday() != opening.weekly_closing_weekday
        return ClosedBecause("weekly_closing", _WEEKLY_MOVED if moved else _WEEKLY)
    if ruling:
        return None
    off_season = any(on.isoweekday() in r.weekdays and not r.in_season(on) for r in opening.rules)
    return ClosedBecause("off_season", _OFF_SEASON) if off_season else ClosedBecause("not_open", _NO_RULE)


def _sessions_of(ruling: Iterable[OpeningRuleFacts]) -> list[OpenSpan]:
    """Sessions never overlap: of two rules in each other's way the earlier one keeps its time."""
    sessions: list[OpenSpan] = []
    for rule in ruling:
        for starts, ends in _cut(rule.opens_minute, rule.closes_minute, rule.slot_minutes):
            if not any(session.touches(starts, ends) for session in sessions):
                sessions.append(
                    OpenSpan(
                        starts_minute=starts,
                        ends_minute=ends,
                        capacity=rule.capacity,
                        child_capacity=rule.child_capacity,
                        wheelchair_capacity=rule.wheelchair_capacity,
                        sign_language_capacity=rule.sign_language_capacity,
                        rule_id=rule.id,
                    )
                )
    return sessions


def _opened(spans: Sequence[OpenSpan], opening: ClosureFacts) -> list[OpenSpan]:
    starts, ends = opening.hours()
    added = [
        OpenSpan(starts_minute=a, ends_minute=b, capacity=opening.capacity or 0, closure_id=opening.id)
        for a, b in _cut(starts, ends, opening.slot_minutes or ends - starts)
    ]
    kept = [span for span in spans if not any(span.touches(a.starts_minute, a.ends_minute) for a in added)]
    return kept + added


def _cut(opens: int, closes: int, length: int) -> list[tuple[int, int]]:
    """Whole sessions only: what is left at the end of the day is too short for a visit."""
    return [(start, start + length) for start in range(opens, closes - length + 1, length)]
