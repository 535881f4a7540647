"""An article as a list shows it, and the SQL for what its card needs.

On the tables and not on the mapped classes: nothing here is a row to be changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select, union
from sqlalchemy.orm import Session

from content.models import (
    Article,
    ArticleCount,
    ArticleKind,
    ArticleSite,
    Asset,
    Placement,
    Revision,
    Standing,
    Topic,
)
from content.rules.words import reading_minutes
from miniprogram_api.kernel.db import UtcDateTime

ARTICLES = Article.__table__
REVISIONS = Revision.__table__
_ASSETS = Asset.__table__
_COUNTS = ArticleCount.__table__

NOW = bindparam("now", type_=UtcDateTime())
# Whoever ends articles comes by once a minute; nobody sees one a second longer than it was meant to stand.
LIVE: ColumnElement[bool] = and_(
    ARTICLES.c.standing == Standing.LIVE, or_(ARTICLES.c.expires_at.is_(None), ARTICLES.c.expires_at > NOW)
)
# As the feed has them, by its index.
NEWEST_FIRST = (ARTICLES.c.pinned.desc(), ARTICLES.c.published_at.desc(), ARTICLES.c.id.desc())


@dataclass(frozen=True, slots=True)
class Cover:
    """The picture at the head of an article; `sizes` are the smaller ones, each with its width."""

    file_name: str
    width: int
    height: int
    alt: str
    source: str
    sizes: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often an article was read, liked and kept, as it stood a minute ago at most."""

    reads: int
    likes: int
    favourites: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleCard:
    """An article as a list shows it."""

    id: UUID
    kind: ArticleKind
    title: str
    summary: str
    cover: Cover | None
    pinned: bool
    published_at: datetime
    reading_minutes: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Popular:
    """An article that many read, and the short texts that it is found by: title, technologies, topics."""

    card: ArticleCard
    names: Sequence[str]


def cards() -> Select[*tuple[Any, ...]]:
    """Every article that was ever shown with what its card needs, to be joined with those that are wanted."""
    counts = [func.coalesce(_COUNTS.c[name], 0).label(name) for name in ("reads", "likes", "favourites")]
    shown = select(
        *(ARTICLES.c[name] for name in ("id", "kind", "title", "summary", "pinned", "published_at")),
        REVISIONS.c.characters,
        *counts,
        *(_ASSETS.c[name] for name in ("file_name", "width", "height", "alt", "source", "sizes")),
    )
    return (
        shown.select_from(ARTICLES)
        .join(REVISIONS, REVISIONS.c.id == ARTICLES.c.live_revision_id, isouter=True)
        .join(_COUNTS, _COUNTS.c.article_id == ARTICLES.c.id, isouter=True)
        .join(_ASSETS, _ASSETS.c.id == ARTICLES.c.cover_asset_id, isouter=True)
    )


def card(row: Row[*tuple[Any, ...]]) -> ArticleCard:
    """A row of `cards`."""
    return ArticleCard(
        id=row.id,
        kind=row.kind,
        title=row.title,
        summary=row.summary,
        cover=cover(row),
        pinned=row.pinned,
        published_at=row.published_at,
        reading_minutes=reading_minutes(row.characters or 0),
        counts=Counts(row.reads, row.likes, row.favourites),
    )


def cover(row: Any) -> Cover | None:
    """A row of a picture, which may be missing."""
    if row.file_name is None:
        return None
    sizes = [(size["name"], size["width"]) for size in row.sizes]
    return Cover(row.file_name, row.width, row.height, row.alt, row.source, sizes)


def list_popular(session: Session, *, limit: int, now: datetime) -> list[Popular]:
    """The articles that most people read, and where nobody reads yet the newest ones."""
    most_read = select(_COUNTS.c.article_id).order_by(_COUNTS.c.reads.desc(), _COUNTS.c.article_id.desc())
    newest = select(ARTICLES.c.id).where(LIVE).order_by(*NEWEST_FIRST)
    among = union(*(select(part.limit(limit).subquery()) for part in (most_read, newest)))
    reads = func.coalesce(_COUNTS.c.reads, 0)
    topics = (
        select(func.aggregate_strings(Topic.name, "\n"))
        .join(Placement, Placement.topic_id == Topic.id)
        .where(Placement.article_id == ARTICLES.c.id, Topic.retired_at.is_(None))
        .scalar_subquery()
    )
    popular = cards().add_columns(REVISIONS.c.technologies, topics.label("topics"))
    popular = popular.where(LIVE, ARTICLES.c.id.in_(among))
    popular = popular.order_by(reads.desc(), ARTICLES.c.published_at.desc(), ARTICLES.c.id)
    return [_popular(row) for row in session.execute(popular.limit(limit), {"now": now})]


def _popular(row: Row[*tuple[Any, ...]]) -> Popular:
    topics = row.topics.split("\n") if row.topics else []
    return Popular(card(row), [row.title, *(row.technologies or ()), *topics])


def list_of_site(session: Session, site_id: UUID, *, limit: int, now: datetime) -> list[ArticleCard]:
    """The newest articles about a site."""
    about = ArticleSite.__table__
    theirs = (
        cards()
        .join(about, about.c.article_id == ARTICLES.c.id)
        .where(LIVE, about.c.site_id == site_id)
        .order_by(ARTICLES.c.published_at.desc(), ARTICLES.c.id)
    )
    return [card(row) for row in session.execute(theirs.limit(limit), {"now": now})]
