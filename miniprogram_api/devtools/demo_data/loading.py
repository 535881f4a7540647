"""Loads what is missing of the demonstration; what is there already is left as people have changed it."""

from dataclasses import dataclass, field

from rich.progress import BarColumn, Progress, TaskID, TextColumn
from sqlalchemy import select

from config import Settings
from content.library import count_missing, load_library
from miniprogram_api.devtools.demo_data import staff
from miniprogram_api.devtools.demo_data.administration import load_administration
from miniprogram_api.devtools.demo_data.articles import demo_team, load_desk, load_words
from miniprogram_api.devtools.demo_data.bookings import Bookings
from miniprogram_api.devtools.demo_data.calendar import settle_year
from miniprogram_api.devtools.demo_data.catalogue import SITES, SiteCard
from miniprogram_api.devtools.demo_data.changes import change_slots
from miniprogram_api.devtools.demo_data.feedback import load_feedback
from miniprogram_api.devtools.demo_data.partner import load_partner
from miniprogram_api.devtools.demo_data.projects import (
    first_state,
    last_state,
    project_id,
    stands,
    under_notice,
)
from miniprogram_api.devtools.demo_data.readers import load_readers
from miniprogram_api.devtools.demo_data.registry import DemoRegistry, NoDemoRegistry, demo_registry
from miniprogram_api.devtools.demo_data.sites import load_site
from miniprogram_api.devtools.demo_data.visitors import join, list_known, visitors
from miniprogram_api.identity.service import invitations
from miniprogram_api.kernel import clock, events
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.models import Site


class DemoRefused(Exception):
    """Demonstration data and accounts do not exist in production, nor beside a real registry."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was added; the token of a gate device that was added is known this once."""

    sites: int
    bookings: int
    cancelled: int
    gate_token: str | None = field(repr=False)


def load_demo(settings: Settings) -> Loaded:
    """Add the sites, staff, visitors and bookings that are not there yet, and deliver what follows from them.

    The sites come from the demonstration's registry. Each part is a transaction of its own, so a start that
    was interrupted is completed by the next one. Raises DemoRefused in production and beside a real registry.
    """
    if settings.production:
        raise DemoRefused("demonstration data does not exist in production")
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    settle_year(clock.today().year)
    with bar:
        try:
            with demo_registry(settings) as registry:
                made = load_sites(registry, bar)
        except NoDemoRegistry:
            raise DemoRefused("demonstration sites come from the demonstration's registry alone") from None
        token = _load_staff(settings.demo_staff_password or staff.DEFAULT_PASSWORD)
        bookings = _load_visitors(bar)
        change_slots()
        _load_articles(bar)
        load_feedback(clock.now())
        _settle(bar)
        load_partner(settings, clock.now())
        load_administration(clock.now(), password_hash=invitations.unusable_password_hash())
    return Loaded(made, bookings.made, bookings.cancelled, token)


def load_sites(registry: DemoRegistry, bar: Progress) -> int:
    """Let the registry publish what is missing, take it over, tell of it, and let the registry go on."""
    with reading() as session:
        known = set(session.scalars(select(Site.code)))
    missing = [card for card in SITES if card.code not in known]
    staff.load_organisations(clock.now())
    today = clock.today()
    first = {project_id(card): first_state(card, operator=_operator(card), today=today) for card in SITES}
    told = registry.states()
    begun = {name: first[name] for name in map(project_id, missing)}
    begun |= {name: state for name, state in under_notice(today).items() if name not in told}
    registry.publish({name: state for name, state in begun.items() if not stands(told.get(name), state)})
    registry.pull()
    task = _task(bar, "示范点", len(missing))
    for card in missing:
        load_site(card, rank=10 * (SITES.index(card) + 1), now=clock.now())
        bar.advance(task)
    told = registry.states()
    # What has changed since it began has ended up there before, or people have changed it.
    last = {project_id(card): last_state(card, today=today) for card in SITES}
    registry.publish(
        {name: state for name, state in last.items() if state and stands(told[name], first[name])}
    )
    registry.pull()
    return len(missing)


def _operator(card: SiteCard) -> str:
    return staff.AWAY if card.away else staff.BASES


def _load_staff(password: str) -> str | None:
    employers = staff.load_organisations(clock.now())
    for card in staff.STAFF:
        staff.load_account(card, employers=employers, password=password, now=clock.now())
    return staff.load_gate_device(clock.now())


def _load_visitors(bar: Progress) -> Bookings:
    everybody = visitors()
    known = list_known(everybody)
    missing = [card for card in everybody if card.openid not in known]
    task = _task(bar, "市民和预约", len(missing))
    bookings = Bookings(now=clock.now())
    for card in missing:
        bookings.book_for(card, join(card, now=clock.now()))
        bar.advance(task)
    return bookings


def _load_articles(bar: Progress) -> None:
    """The library, an article in every state, and readers."""
    team = demo_team()
    missing = count_missing()
    task = _task(bar, "文章", missing)
    if missing:
        load_library(team, on_article=lambda: bar.advance(task))
    load_words(team)
    load_desk(team)
    load_readers(visitors())


def _settle(bar: Progress) -> None:
    """Deliver the events now, so that the server starts with nothing left to do."""
    task = _task(bar, "整理", events.measure_backlog().pending)
    while delivered := events.drain():
        bar.advance(task, delivered)


def _task(bar: Progress, description: str, total: int) -> TaskID:
    return bar.add_task(description, total=total, visible=total > 0)
