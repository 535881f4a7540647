"""Everything that the page of one site shows, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.geo import Point
from miniprogram_api.sites import articles, availability, freshness
from miniprogram_api.sites.articles import RelatedArticle
from miniprogram_api.sites.availability import PolicyInForce
from miniprogram_api.sites.errors import SiteMissing
from miniprogram_api.sites.models import Indicator, Lifecycle, LocalNote, Notice, Photo, Site
from miniprogram_api.sites.queries.cards import next_available, status_of, within_horizon
from miniprogram_api.sites.queries.facts import withdrawn
from miniprogram_api.sites.queries.lists import with_lists
from miniprogram_api.sites.queries.local_notes import list_local_notes
from miniprogram_api.sites.queries.opening import ToldClosure, list_rules, list_told_closures, rule_facts
from miniprogram_api.sites.rules import (
    Detail,
    IndicatorKind,
    Note,
    OpeningRuleFacts,
    Visibility,
    indicator_kinds,
    opening_in_words,
    visibility,
)

# Only from the registry's present word is a title shown.
_TITLED = {Lifecycle.TITLED, Lifecycle.RE_REVIEW}


@dataclass(frozen=True, slots=True)
class IndicatorSeries:
    """An indicator of the site's type and its values, the newest first."""

    kind: IndicatorKind
    values: list[Indicator]


@dataclass(frozen=True, slots=True)
class OpeningTimes:
    """When a site opens, in words and in the facts they are made of."""

    words: list[str]
    rules: list[OpeningRuleFacts]
    weekly_closing_weekday: int | None
    closures: list[ToldClosure]


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePage:
    """A site as its page shows it."""

    site: Site
    shown: Visibility
    notices: list[Notice]
    local_notes: list[LocalNote]
    opening: OpeningTimes
    policy: PolicyInForce
    indicators: list[IndicatorSeries]
    next_available_on: date | None
    registry_as_of: datetime
    related_articles: Sequence[RelatedArticle]

    @property
    def location(self) -> Point:
        return self.site.location

    @property
    def cover(self) -> str | None:
        chosen = (photo for photo in self.site.photos if photo.id == self.site.cover_photo_id)
        return next((photo.file_name for photo in chosen), None)

    @property
    def status(self) -> str:
        return status_of(self.shown)

    @property
    def note(self) -> Note | None:
        return self.shown.note

    @property
    def title(self) -> Site | None:
        """Where to read the title, as long as the registry's present word gives it."""
        return self.site if self.site.lifecycle in _TITLED else None


def get_site_page(session: Session, site_id: UUID, *, now: datetime) -> SitePage:
    """The public page of a site. Raises SiteMissing, or SiteWithdrawn of one known to have ended."""
    today = beijing_date(now)
    found = session.execute(_with_lists(site_id, now)).one_or_none()
    if found is None:
        raise SiteMissing
    site, next_on = found
    shown = visibility(site.lifecycle, site.education_base, site.overlay)
    if shown.detail is Detail.HIDDEN:
        raise SiteMissing
    if shown.detail is Detail.CLOSED_PAGE:
        raise withdrawn(session, site_id)
    return SitePage(
        site=site,
        shown=shown,
        notices=_notices(session, site_id, today),
        local_notes=list_local_notes(session, site_id),
        opening=opening_times(session, site, today),
        policy=availability.current().policy_of(session, site_id, today),
        indicators=[
            IndicatorSeries(kind, [value for value in site.indicators if value.kind == kind.code])
            for kind in indicator_kinds(site.type)
        ],
        next_available_on=within_horizon(next_on, shown, today),
        registry_as_of=freshness.current().as_of(session) or site.registry_synced_at,
        related_articles=articles.current().list_related(session, site_id, now=now),
    )


def opening_times(session: Session, site: Site, today: date) -> OpeningTimes:
    """When a site opens from a day on."""
    rules = [rule_facts(rule) for rule in list_rules(session, site.id)]
    return OpeningTimes(
        words=opening_in_words(rules, weekly_closing_weekday=site.weekly_closing_weekday),
        rules=rules,
        weekly_closing_weekday=site.weekly_closing_weekday,
        closures=list_told_closures(session, site.id, first=today),
    )


def is_shown_photo(session: Session, file_name: str) -> bool:
    """Whether a file is a photo of a site: the store holds things too that nobody may have by name."""
    shown = select(Photo.id).where(Photo.file_name == file_name, Photo.retired_at.is_(None))
    return session.scalar(shown) is not None


def _with_lists(site_id: UUID, now: datetime) -> Any:
    return (
        select(Site, next_available(availability.current(), now, beijing_date(now)))
        .where(Site.id == site_id)
        .options(*with_lists())
    )


def _notices(session: Session, site_id: UUID, today: date) -> list[Notice]:
    current = select(Notice).where(
        Notice.site_id == site_id,
        Notice.retired_at.is_(None),
        or_(Notice.last_on.is_(None), Notice.last_on >= today),
    )
    return list(session.scalars(current.order_by(Notice.created_at.desc(), Notice.id)))
