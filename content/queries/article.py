"""Everything that the page of one article shows, in a fixed number of statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from content import rendering
from content.errors import ArticleExpired, ArticleMissing, ArticleWithdrawn
from content.models import (
    Article,
    ArticleCount,
    ArticleSite,
    Asset,
    Audience,
    Placement,
    Revision,
    Standing,
    Topic,
)
from content.queries.cards import ARTICLES, LIVE, NEWEST_FIRST, ArticleCard, Counts, Cover, card, cards
from content.queries.pictures import picture_of
from content.rendering import Picture
from content.rules.quiz import Question, questions_of
from content.rules.words import reading_minutes
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.sites.queries.facts import site_facts
from miniprogram_api.sites.rules import Detail, visibility

MOST_RELATED = 4
_RECENT = 20
_WITH_A_PAGE = {Detail.FULL, Detail.PAUSED}
_BY_TOPIC, _BY_SITE, _BY_KIND = 3, 2, 1


@dataclass(frozen=True, slots=True)
class Named:
    """A topic or a site, by name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """An article as its page shows it."""

    article: Article
    revision: Revision
    counts: Counts
    cover: Cover | None
    topics: Sequence[Named]
    sites: Sequence[Named]
    related: Sequence[ArticleCard]
    pictures: Mapping[str, Picture]

    @property
    def html(self) -> str:
        return rendering.to_html(self.revision.body, self.pictures)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return rendering.to_blocks(self.revision.body, self.pictures)

    @property
    def text(self) -> str:
        return rendering.to_text(self.revision.body)

    @property
    def outline(self) -> Sequence[Any]:
        return rendering.outline(self.revision.body)

    @property
    def quiz(self) -> list[Question]:
        return questions_of(self.revision.quiz)

    @property
    def audience(self) -> Audience:
        return self.revision.audience

    @property
    def changed_at(self) -> datetime | None:
        """Since when it says what it says, if it has said something else before."""
        article = self.article
        return None if article.changed_at == article.published_at else article.changed_at

    @property
    def reading_minutes(self) -> int:
        return reading_minutes(self.revision.characters)


def get_article_page(session: Session, article_id: UUID, *, now: datetime) -> ArticlePage:
    """The page of an article. Raises ArticleMissing, or ArticleWithdrawn of one that was shown before."""
    article, revision, counts = _get_shown(session, article_id, now)
    assets = _find_assets(session, article.cover_asset_id, rendering.asset_ids(revision.body))
    cover = assets.get(article.cover_asset_id) if article.cover_asset_id else None
    return ArticlePage(
        article=article,
        revision=revision,
        counts=counts,
        cover=None if cover is None else _cover(cover),
        topics=_topics(session, article_id),
        sites=_sites(session, article_id),
        related=_related(session, article, now),
        pictures={str(asset_id): picture_of(asset) for asset_id, asset in assets.items()},
    )


def get_shown_article(session: Session, article_id: UUID, *, now: datetime) -> tuple[Article, Revision]:
    """An article that is shown, with what it says. Raises ArticleMissing or ArticleWithdrawn."""
    article, revision, _ = _get_shown(session, article_id, now)
    return article, revision


def find_cover(session: Session, article: Article) -> Asset | None:
    """The picture at its head."""
    return session.get(Asset, article.cover_asset_id) if article.cover_asset_id else None


def _get_shown(session: Session, article_id: UUID, now: datetime) -> tuple[Article, Revision, Counts]:
    wanted = (
        select(
            Article,
            Revision,
            func.coalesce(ArticleCount.reads, 0),
            func.coalesce(ArticleCount.likes, 0),
            func.coalesce(ArticleCount.favourites, 0),
        )
        .join(Revision, Revision.id == Article.live_revision_id, isouter=True)
        .join(ArticleCount, ArticleCount.article_id == Article.id, isouter=True)
        .where(Article.id == article_id)
    )
    found = session.execute(wanted).one_or_none()
    if found is None:
        raise ArticleMissing
    article, revision, *counts = found
    require_shown(article, now)
    return article, revision, Counts(*counts)


def require_shown(article: Article | Row[*tuple[Any, ...]], now: datetime) -> None:
    """Raise ArticleMissing of what was never shown, ArticleWithdrawn of what no longer is."""
    if article.standing is Standing.DRAFT:
        raise ArticleMissing
    if article.standing is Standing.RETRACTED:
        raise ArticleWithdrawn(**_told(article, article.retracted_at, article.retract_reason))
    if article.standing is Standing.EXPIRED or (article.expires_at and article.expires_at <= now):
        raise ArticleExpired(**_told(article, article.expires_at, None))


def _told(article: Any, since: datetime | None, reason: str | None) -> dict[str, Any]:
    return {
        "title": article.title,
        "since": None if since is None else since.astimezone(BEIJING).isoformat(timespec="seconds"),
        "reason": reason,
    }


def _topics(session: Session, article_id: UUID) -> list[Named]:
    theirs = (
        select(Topic.id, Topic.name)
        .join(Placement, Placement.topic_id == Topic.id)
        .where(Placement.article_id == article_id, Topic.retired_at.is_(None))
    )
    return [Named(row.id, row.name) for row in session.execute(theirs.order_by(Topic.position, Topic.id))]


def _sites(session: Session, article_id: UUID) -> list[Named]:
    """The sites it is about that have a page."""
    site = site_facts()
    theirs = (
        select(site.c.id, site.c.name, site.c.lifecycle, site.c.education_base, site.c.overlay)
        .join(ArticleSite, ArticleSite.site_id == site.c.id)
        .where(ArticleSite.article_id == article_id)
    )
    return [
        Named(row.id, row.name)
        for row in session.execute(theirs.order_by(site.c.name, site.c.id))
        if visibility(row.lifecycle, row.education_base, row.overlay).detail in _WITH_A_PAGE
    ]


def _related(session: Session, article: Article, now: datetime) -> list[ArticleCard]:
    """Those under the same topics or about the same sites, before those that are only of its kind.

    Of each sort the newest are looked at, however many there are.
    """
    topics = select(Placement.topic_id).where(Placement.article_id == article.id)
    sites = select(ArticleSite.site_id).where(ArticleSite.article_id == article.id)
    sorts = (
        (_BY_TOPIC, ARTICLES.c.id.in_(_articles_of(Placement, Placement.topic_id.in_(topics)))),
        (_BY_SITE, ARTICLES.c.id.in_(_articles_of(ArticleSite, ArticleSite.site_id.in_(sites)))),
        (_BY_KIND, ARTICLES.c.kind == article.kind),
    )
    near = union_all(*(select(_newest(which, weight).subquery()) for weight, which in sorts)).subquery("near")
    order = (func.sum(near.c.weight).desc(), near.c.published_at.desc(), near.c.id)
    chosen = (
        select(near.c.id, func.sum(near.c.weight).label("score"))
        .group_by(near.c.id, near.c.published_at)
        .order_by(*order)
        .limit(MOST_RELATED)
        .subquery("chosen")
    )
    wanted = (
        cards()
        .join(chosen, chosen.c.id == ARTICLES.c.id)
        .order_by(chosen.c.score.desc(), ARTICLES.c.published_at.desc(), ARTICLES.c.id)
    )
    values = {"now": now, "article": article.id}
    return [card(row) for row in session.execute(wanted, values)]


def _articles_of(listing: Any, which: ColumnElement[bool]) -> Select[tuple[UUID]]:
    return select(listing.article_id).where(which)


def _newest(which: ColumnElement[bool], weight: int) -> Select[*tuple[Any, ...]]:
    others = select(ARTICLES.c.id, ARTICLES.c.published_at, literal(weight).label("weight")).where(
        LIVE, which, ARTICLES.c.id != bindparam("article", type_=Uuid())
    )
    return others.order_by(*NEWEST_FIRST).limit(_RECENT)


def _find_assets(session: Session, cover_id: UUID | None, inside: Collection[str]) -> dict[UUID, Asset]:
    wanted = {UUID(asset_id) for asset_id in inside} | ({cover_id} if cover_id else set())
    if not wanted:
        return {}
    return {asset.id: asset for asset in session.scalars(select(Asset).where(Asset.id.in_(wanted)))}


def _cover(asset: Asset) -> Cover:
    sizes = [(size["name"], size["width"]) for size in asset.sizes]
    return Cover(asset.file_name, asset.width, asset.height, asset.alt, asset.source, sizes)
