"""Changing when a site opens: rules, closures and special openings, each after a look at what would follow.

A change is first a draft, a plain value that no database has seen. `preview_…` and the commands take the same
draft and check it by the same rules, so what a dry run shows is what the change then does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.workdays import Day
from miniprogram_api.sites import consequences, queries
from miniprogram_api.sites.consequences import PlanDays
from miniprogram_api.sites.errors import ListFull, RulesOverlap
from miniprogram_api.sites.events import ClosureAdded
from miniprogram_api.sites.models import Closure, ClosureKind, OpeningRule, ReasonCode, Site
from miniprogram_api.sites.queries.opening import closure_facts, known_days
from miniprogram_api.sites.rules import (
    ClosureFacts,
    DayPlan,
    Opening,
    OpeningRuleFacts,
    Season,
    check_closure,
    check_rule,
    opening_in_words,
    overlapping_rule,
    plan_days,
)
from miniprogram_api.sites.service.managed import check_room, note_change

MOST_RULES = 60
MOST_CLOSURES = 200  # that are not over
_PREVIEW_DAYS = 30
_LOOK_AHEAD = timedelta(days=200)
P = TypeVar("P", OpeningRule, Closure)


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """A day whose plan a change would alter."""

    on: date
    before: DayPlan
    after: DayPlan


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do: the hours in words, the days ahead that differ, and what follows."""

    words: list[str]
    days: list[ChangedDay]
    consequences: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change(Generic[P]):
    """The rule or closure that was changed, and what followed for slots and bookings."""

    part: P
    consequences: dict[str, Any]


def check_draft_rule(session: Session, site: Site, draft: OpeningRuleFacts, *, now: datetime) -> Opening:
    """The site's opening with the draft in it. Raises Invalid or RulesOverlap."""
    check_rule(draft)
    today = clock.beijing_date(now)
    opening = _opening(session, site, today)
    clash = overlapping_rule(opening, draft, today=today)
    if clash is not None:
        rival, on = clash
        raise RulesOverlap(rule_id=str(rival.id), on=on.isoformat())
    return opening.with_rule(draft)


def save_rule(
    session: Session, *, site: Site, draft: OpeningRuleFacts, actor: Actor, now: datetime
) -> Change[OpeningRule]:
    """Add a rule, or give the one with the draft's id its values. Raises Invalid, RulesOverlap, ListFull."""
    check_draft_rule(session, site, draft, now=now)
    rule = session.get(OpeningRule, draft.id)
    if rule is None:
        check_room(session, OpeningRule, site_id=site.id, most=MOST_RULES)
        before = None
        rule = OpeningRule(id=draft.id, site_id=site.id, created_at=now, retired_at=None)
        _fill_rule(rule, draft)
        session.add(rule)
    else:
        before = _plain(queries.opening.rule_facts(rule))
        _fill_rule(rule, draft)
    action = "add_opening_rule" if before is None else "edit_opening_rule"
    note_change(
        session, site, part="opening", action=action, actor=actor, now=now, before=before, after=_plain(draft)
    )
    return Change(rule, consequences.current().apply(session, site.id, now=now, actor=actor))


def retire_rule(
    session: Session, *, site: Site, rule: OpeningRule, actor: Actor, now: datetime
) -> Change[OpeningRule]:
    """Take a rule out of force; slots made by it go on naming it."""
    before = _plain(queries.opening.rule_facts(rule))
    rule.retired_at = now
    note_change(
        session, site, part="opening", action="retire_opening_rule", actor=actor, now=now, before=before
    )
    return Change(rule, consequences.current().apply(session, site.id, now=now, actor=actor))


def add_closure(
    session: Session, *, site: Site, draft: ClosureFacts, actor: Actor, now: datetime
) -> Change[Closure]:
    """Close a site on some days, or open it out of turn; to say it twice adds nothing.

    Raises Invalid and ListFull.
    """
    check_closure(draft, today=clock.beijing_date(now))
    said = _last_word(session, site, draft)
    if said is not None and replace(closure_facts(said), id=draft.id) == draft:
        return Change(said, consequences.current().apply(session, site.id, now=now, actor=actor))
    _check_room_for_closure(session, site, clock.beijing_date(now))
    closure = Closure(
        id=draft.id,
        site_id=site.id,
        kind=draft.kind,
        first_on=draft.first_on,
        last_on=draft.last_on,
        from_minute=draft.from_minute,
        to_minute=draft.to_minute,
        slot_minutes=draft.slot_minutes,
        capacity=draft.capacity,
        reason_code=ReasonCode(draft.reason_code),
        public_text=draft.public_text,
        amnesty=draft.amnesty,
        created_at=now,
        lifted_at=None,
    )
    session.add(closure)
    note_change(
        session, site, part="opening", action="add_closure", actor=actor, now=now, after=_plain(draft)
    )
    _tell_of_closure(session, closure)
    return Change(closure, consequences.current().apply(session, site.id, now=now, actor=actor))


def _check_room_for_closure(session: Session, site: Site, today: date) -> None:
    coming = select(func.count()).where(
        Closure.site_id == site.id, Closure.lifted_at.is_(None), Closure.last_on >= today
    )
    if session.scalars(coming).one() >= MOST_CLOSURES:
        raise ListFull(most=MOST_CLOSURES)


def _tell_of_closure(session: Session, closure: Closure) -> None:
    events.publish(
        session,
        ClosureAdded(
            site_id=str(closure.site_id),
            closure_id=str(closure.id),
            kind=closure.kind.value,
            first_on=closure.first_on.isoformat(),
            last_on=closure.last_on.isoformat(),
            from_minute=closure.from_minute,
            to_minute=closure.to_minute,
        ),
    )


def _last_word(session: Session, site: Site, draft: ClosureFacts) -> Closure | None:
    """The latest closure or special opening that touches the draft's days: earlier ones it overrules."""
    touching = select(Closure).where(
        Closure.site_id == site.id,
        Closure.lifted_at.is_(None),
        Closure.first_on <= draft.last_on,
        Closure.last_on >= draft.first_on,
    )
    return session.scalar(touching.order_by(Closure.created_at.desc(), Closure.id.desc()).limit(1))


def explain_closure(
    session: Session,
    *,
    site: Site,
    closure: Closure,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Change[Closure]:
    """Give a closure another reason, text or amnesty; other days or hours are another closure."""
    before = {name: getattr(closure, name) for name in changes}
    for name, value in changes.items():
        setattr(closure, name, value)
    note_change(
        session,
        site,
        part="opening",
        action="explain_closure",
        actor=actor,
        now=now,
        before=before,
        after=dict(changes),
    )
    if closure.amnesty and not before.get("amnesty", True):
        # Told once more: what was held against anybody since then is forgiven too.
        _tell_of_closure(session, closure)
    return Change(closure, consequences.current().apply(session, site.id, now=now, actor=actor))


def lift_closure(
    session: Session, *, site: Site, closure: Closure, actor: Actor, now: datetime
) -> Change[Closure]:
    """End a closure or special opening; the rules hold again on its days."""
    closure.lifted_at = now
    note_change(
        session,
        site,
        part="opening",
        action="lift_closure",
        actor=actor,
        now=now,
        before=_plain(queries.opening.closure_facts(closure)),
    )
    return Change(closure, consequences.current().apply(session, site.id, now=now, actor=actor))


def lift_closure_by_id(
    session: Session, *, site: Site, closure_id: UUID | None, actor: Actor, now: datetime
) -> None:
    """The same by its id; one that has been lifted already stays so."""
    closure = session.get(Closure, closure_id, populate_existing=True) if closure_id else None
    if closure is not None and closure.site_id == site.id and closure.lifted_at is None:
        lift_closure(session, site=site, closure=closure, actor=actor, now=now)


def preview_rule(session: Session, *, site: Site, draft: OpeningRuleFacts, now: datetime) -> Preview:
    """What adding or editing the rule would do. Raises as `save_rule`; writes nothing."""
    if session.get(OpeningRule, draft.id) is None:
        check_room(session, OpeningRule, site_id=site.id, most=MOST_RULES)
    opening = _opening(session, site, clock.beijing_date(now))
    return _preview(session, site, opening, check_draft_rule(session, site, draft, now=now), now)


def preview_without_rule(session: Session, *, site: Site, rule_id: UUID, now: datetime) -> Preview:
    """What retiring the rule would do; writes nothing."""
    opening = _opening(session, site, clock.beijing_date(now))
    return _preview(session, site, opening, opening.without_rule(rule_id), now)


def preview_closure(session: Session, *, site: Site, draft: ClosureFacts, now: datetime) -> Preview:
    """What adding the closure would do. Raises Invalid and ListFull; writes nothing."""
    today = clock.beijing_date(now)
    check_closure(draft, today=today)
    _check_room_for_closure(session, site, today)
    opening = _opening(session, site, today)
    return _preview(session, site, opening, opening.with_closure(draft), now)


def preview_weekly_closing(session: Session, *, site: Site, weekday: int | None, now: datetime) -> Preview:
    """What another weekly closing day, or none, would do; writes nothing."""
    opening = _opening(session, site, clock.beijing_date(now))
    return _preview(session, site, opening, replace(opening, weekly_closing_weekday=weekday), now)


def preview_explained_closure(
    session: Session, *, site: Site, closure: Closure, changes: Mapping[str, Any], now: datetime
) -> Preview:
    """What another reason, text or amnesty would change; writes nothing."""
    draft = replace(closure_facts(closure), **changes)
    opening = _opening(session, site, clock.beijing_date(now))
    return _preview(session, site, opening, opening.with_closure_changed(draft), now)


def preview_without_closure(session: Session, *, site: Site, closure_id: UUID, now: datetime) -> Preview:
    """What lifting the closure would do; writes nothing."""
    opening = _opening(session, site, clock.beijing_date(now))
    return _preview(session, site, opening, opening.without_closure(closure_id), now)


def _opening(session: Session, site: Site, today: date) -> Opening:
    return queries.opening_of(session, site.id, today) or Opening(site.weekly_closing_weekday)


def _preview(session: Session, site: Site, before: Opening, after: Opening, now: datetime) -> Preview:
    today = clock.beijing_date(now)
    last = today + timedelta(days=_PREVIEW_DAYS)
    known = _Calendar(session)
    as_it_is = _planner(before, known)(today, last)
    plan = _planner(after, known)
    days = [
        ChangedDay(on, as_it_is[on], planned)
        for on, planned in plan(today, last).items()
        if planned != as_it_is[on]
    ]
    return Preview(
        words=opening_in_words(after.rules, weekly_closing_weekday=after.weekly_closing_weekday),
        days=days,
        consequences=consequences.current().preview(session, site.id, plan=plan, now=now),
    )


class _Calendar:
    """The days of the calendar, read once for all plans of a preview."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: Mapping[date, Day] = {}

    def days(self, first: date, last: date) -> Mapping[date, Day]:
        """The days and some before them, as plans need them."""
        if first not in self._known or last not in self._known:
            self._known = known_days(self._session, first, max(last, first + _LOOK_AHEAD))
        return self._known


def _planner(opening: Opening, known: _Calendar) -> PlanDays:
    def plan(first: date, last: date) -> dict[date, DayPlan]:
        return plan_days(opening, first, last, calendar=known.days(first, last))

    return plan


def _fill_rule(rule: OpeningRule, draft: OpeningRuleFacts) -> None:
    rule.weekdays = sorted(draft.weekdays)
    rule.season_from = _season_day(draft.season, "first")
    rule.season_to = _season_day(draft.season, "last")
    for field in fields(draft):
        if field.name not in {"id", "weekdays", "season"}:
            setattr(rule, field.name, getattr(draft, field.name))


def _season_day(season: Season | None, end: str) -> str | None:
    if season is None:
        return None
    month, day = getattr(season, end)
    return f"{month:02d}-{day:02d}"


def _plain(draft: OpeningRuleFacts | ClosureFacts) -> dict[str, Any]:
    """The draft as JSON holds it, without what it leaves open."""
    values = {field.name: getattr(draft, field.name) for field in fields(draft)}
    return {name: _json(value) for name, value in values.items() if value is not None}


def _json(value: Any) -> Any:
    match value:
        case frozenset():
            return sorted(value)
        case Season():
            return [_season_day(value, "first"), _season_day(value, "last")]
        case ClosureKind():
            return value.value
        case UUID() | date():
            return str(value)
        case _:
            return value
