"""Opening rules and closures as the rules of opening take them, and the days they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import workdays
from miniprogram_api.kernel.workdays import LOOK_AROUND, Day
from miniprogram_api.sites.models import Closure, OpeningRule, Site
from miniprogram_api.sites.rules import (
    ClosureFacts,
    DayPlan,
    Opening,
    OpeningRuleFacts,
    Season,
    closure_in_words,
    plan_days,
)


def opening_days(session: Session, site_id: UUID, first: date, last: date) -> dict[date, DayPlan]:
    """The plan of every day from first to last, both included; no day at all if there is no such site."""
    opening = opening_of(session, site_id, first, last)
    if opening is None:
        return {}
    return plan_days(opening, first, last, calendar=known_days(session, first, last))


def known_days(session: Session, first: date, last: date) -> Mapping[date, Day]:
    """The calendar of the days, and as much before them as a displaced closing day needs."""
    return workdays.days(session, first - LOOK_AROUND, last)


def opening_of(session: Session, site_id: UUID, first: date, last: date | None = None) -> Opening | None:
    """The rules of a site and its closures on the days; without a last day, all from the first on."""
    return find_openings(session, Site.id == site_id, first, last).get(site_id)


def find_openings(
    session: Session, which: ColumnElement[bool], first: date, last: date | None
) -> dict[UUID, Opening]:
    """The openings of several sites; one statement."""
    closes = [Closure.site_id == Site.id, Closure.lifted_at.is_(None), Closure.last_on >= first]
    if last is not None:
        closes.append(Closure.first_on <= last)
    statement = (
        select(Site.id, Site.weekly_closing_weekday, OpeningRule, Closure)
        .outerjoin(OpeningRule, and_(OpeningRule.site_id == Site.id, OpeningRule.retired_at.is_(None)))
        .outerjoin(Closure, and_(*closes))
        .where(which)
        .order_by(Site.id, OpeningRule.created_at, OpeningRule.id, Closure.created_at, Closure.id)
    )
    weekdays: dict[UUID, int | None] = {}
    rules: dict[UUID, dict[UUID, OpeningRule]] = {}
    closures: dict[UUID, dict[UUID, Closure]] = {}
    for site_id, weekday, rule, closure in session.execute(statement):
        weekdays[site_id] = weekday
        if rule is not None:
            rules.setdefault(site_id, {})[rule.id] = rule
        if closure is not None:
            closures.setdefault(site_id, {})[closure.id] = closure
    return {
        site_id: Opening(
            weekday,
            tuple(rule_facts(rule) for rule in rules.get(site_id, {}).values()),
            tuple(closure_facts(closure) for closure in closures.get(site_id, {}).values()),
        )
        for site_id, weekday in weekdays.items()
    }


def list_rules(session: Session, site_id: UUID) -> list[OpeningRule]:
    """The rules in force, in the order they were made."""
    statement = select(OpeningRule).where(OpeningRule.site_id == site_id, OpeningRule.retired_at.is_(None))
    return list(session.scalars(statement.order_by(OpeningRule.created_at, OpeningRule.id)))


@dataclass(frozen=True, slots=True)
class ToldClosure:
    """A closure or special opening, and the sentence that tells of it."""

    closure: Closure
    words: str


def list_told_closures(session: Session, site_id: UUID, *, first: date) -> list[ToldClosure]:
    """Closures and special openings that are not over on a day, by day."""
    statement = select(Closure).where(
        Closure.site_id == site_id, Closure.lifted_at.is_(None), Closure.last_on >= first
    )
    ordered = statement.order_by(Closure.first_on, Closure.created_at, Closure.id)
    return [tell(closure) for closure in session.scalars(ordered)]


def tell(closure: Closure) -> ToldClosure:
    """The closure with its sentence."""
    return ToldClosure(closure, closure_in_words(closure_facts(closure)))


def find_closure(session: Session, closure_id: UUID) -> ClosureFacts | None:
    """A closure or special opening, unless it was lifted."""
    closure = session.get(Closure, closure_id)
    return None if closure is None or closure.lifted_at is not None else closure_facts(closure)


def rule_facts(rule: OpeningRule) -> OpeningRuleFacts:
    """A stored rule as the rules of opening take it."""
    return OpeningRuleFacts(
        id=rule.id,
        weekdays=frozenset(rule.weekdays),
        season=_season(rule.season_from, rule.season_to),
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
        opens_minute=rule.opens_minute,
        closes_minute=rule.closes_minute,
        slot_minutes=rule.slot_minutes,
        capacity=rule.capacity,
        child_capacity=rule.child_capacity,
        wheelchair_capacity=rule.wheelchair_capacity,
        sign_language_capacity=rule.sign_language_capacity,
        day_capacity=rule.day_capacity,
        priority=rule.priority,
    )


def closure_facts(closure: Closure) -> ClosureFacts:
    """A stored closure as the rules of opening take it."""
    return ClosureFacts(
        id=closure.id,
        kind=closure.kind,
        first_on=closure.first_on,
        last_on=closure.last_on,
        reason_code=closure.reason_code.value,
        public_text=closure.public_text,
        from_minute=closure.from_minute,
        to_minute=closure.to_minute,
        slot_minutes=closure.slot_minutes,
        capacity=closure.capacity,
        amnesty=closure.amnesty,
    )


def _season(first: str | None, last: str | None) -> Season | None:
    if first is None or last is None:
        return None
    return Season(_month_and_day(first), _month_and_day(last))


def _month_and_day(text: str) -> tuple[int, int]:
    month, _, day = text.partition("-")
    return int(month), int(day)
