"""Tells of one demonstration site what its own staff would, on the site that the registry has brought."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.devtools.demo_data.catalogue import Hours, Shut, SiteCard, Special
from miniprogram_api.devtools.demo_data.pictures import Season, describe, draw
from miniprogram_api.devtools.demo_data.projects import project_id
from miniprogram_api.kernel import files
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.files import StoredImage
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import ClosureKind, Overlay, ReasonCode, Site
from miniprogram_api.sites.rules import ClosureFacts, OpeningRuleFacts
from miniprogram_api.sites.rules.opening import Season as SeasonOfYear
from miniprogram_api.sites.service import opening, photos, profile, showcase
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.service import policies

DEMO = Actor(kind="system", id="demo")
_SOURCE = "示例数据，非核算结果"
_STEPS = (Overlay.PREPARING, Overlay.PENDING_PUBLICATION, Overlay.OPEN, Overlay.SUSPENDED)
_SUSPENDED_DAYS = 60


def load_site(card: SiteCard, *, rank: int, now: datetime) -> None:
    """Complete the site as one transaction, so that an interrupted start leaves none half made.

    Raises NoResultFound for a project that the registry has not brought.
    """
    drawn = _draw(card)
    try:
        with atomic() as session:
            site = session.scalars(select(Site).where(Site.project_id == project_id(card))).one()
            site.code = card.code
            _tell_of(session, site, card, rank=rank, now=now)
            for image, alt in drawn:
                photos.add_photo(session, site=site, image=image, alt=alt, actor=DEMO, now=now)
            _set_hours(session, site, card, now)
            _open(session, site, card, now)
    except BaseException:
        for image, _ in drawn:
            files.current().delete(image.name)
        raise


def _tell_of(session: Session, site: Site, card: SiteCard, *, rank: int, now: datetime) -> None:
    profile.edit_site(
        session,
        site=site,
        changes={
            "listed_rank": rank,
            "summary": card.summary,
            "address": card.address,
            "transport": card.transport,
            "visitor_notice": card.visitor_notice,
            "facilities": list(card.facilities),
            "accessibility": list(card.accessibility),
            "work_phone": f"0431-8000{card.code[-3:].rjust(4, '0')}",
        },
        actor=DEMO,
        now=now,
    )
    for technique in card.techniques:
        showcase.add_technology(
            session,
            site=site,
            name=technique.name,
            description=technique.description,
            actor=DEMO,
            now=now,
        )
    _state_indicators(session, site, card, now)
    if card.notice:
        title, body = card.notice
        showcase.add_notice(session, site=site, title=title, body=body, last_on=None, actor=DEMO, now=now)


def _state_indicators(session: Session, site: Site, card: SiteCard, now: datetime) -> None:
    last_year = beijing_date(now).year - 1
    for kind, values in card.indicators.items():
        for years_ago, value in enumerate(reversed(values)):
            showcase.set_indicator(
                session,
                site=site,
                kind=kind,
                year=last_year - years_ago,
                value=Decimal(value),
                source=_SOURCE,
                actor=DEMO,
                now=now,
            )


def _set_hours(session: Session, site: Site, card: SiteCard, now: datetime) -> None:
    """Policy, hours and exceptions, while the site is not open yet: nothing follows for slots until it is."""
    if card.policy:
        policy = policy_rules.changed(policy_rules.DEFAULT, card.policy)
        today = beijing_date(now)
        policies.change_policy(
            session, site_id=site.id, policy=policy, effective_on=today, actor=DEMO, now=now
        )
    changes = {"weekly_closing_weekday": card.closed_weekday, "booking_mode": card.booking_mode}
    if card.hours:
        profile.edit_site(session, site=site, changes=changes, actor=DEMO, now=now)
    for hours in card.hours:
        opening.save_rule(session, site=site, draft=_rule(hours), actor=DEMO, now=now)
    for exception in card.exceptions:
        draft = _closure(exception, beijing_date(now))
        opening.add_closure(session, site=site, draft=draft, actor=DEMO, now=now)


def _open(session: Session, site: Site, card: SiteCard, now: datetime) -> None:
    """Take the site's own steps up to where the card has it."""
    until = beijing_date(now) + timedelta(days=_SUSPENDED_DAYS)
    for step in _STEPS[: _STEPS.index(card.overlay) + 1] if card.overlay in _STEPS else ():
        reason = card.overlay_reason if step is Overlay.SUSPENDED else None
        profile.set_overlay(session, site=site, to=step, reason=reason, until=until, actor=DEMO, now=now)


def _rule(hours: Hours) -> OpeningRuleFacts:
    return OpeningRuleFacts(
        id=new_id(),
        weekdays=hours.weekdays,
        opens_minute=_minute(hours.opens),
        closes_minute=_minute(hours.closes),
        slot_minutes=hours.slot_minutes,
        capacity=hours.capacity,
        season=SeasonOfYear(*hours.season) if hours.season else None,
        child_capacity=hours.child_capacity,
        wheelchair_capacity=hours.wheelchair_capacity,
        day_capacity=hours.day_capacity,
        priority=hours.priority,
    )


def _closure(exception: Shut | Special, today: date) -> ClosureFacts:
    if isinstance(exception, Shut):
        first_on = today + timedelta(days=exception.in_days)
        return ClosureFacts(
            id=new_id(),
            kind=ClosureKind.CLOSED,
            first_on=first_on,
            last_on=first_on + timedelta(days=exception.days - 1),
            reason_code=exception.reason,
            public_text=exception.text,
            from_minute=None if exception.opens is None else _minute(exception.opens),
            to_minute=None if exception.closes is None else _minute(exception.closes),
        )
    soonest = today + timedelta(days=2)
    on = soonest + timedelta(days=(exception.weekday - soonest.isoweekday()) % 7)
    return ClosureFacts(
        id=new_id(),
        kind=ClosureKind.SPECIAL_OPENING,
        first_on=on,
        last_on=on,
        reason_code=ReasonCode.EVENT,
        public_text=exception.text,
        from_minute=_minute(exception.opens),
        to_minute=_minute(exception.closes),
        slot_minutes=exception.slot_minutes,
        capacity=exception.capacity,
        amnesty=False,
    )


def _minute(hour: float) -> int:
    return round(hour * 60)


def _draw(card: SiteCard) -> list[tuple[StoredImage, str]]:
    """The card's pictures, in the file store, each with its text."""
    if not card.opened:
        return []
    seasons = tuple(Season)[: card.pictures]
    return [
        (
            files.current().save_image(draw(card.type, season, seed=card.code)),
            describe(card.title, card.type, season),
        )
        for season in seasons
    ]
