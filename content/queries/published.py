"""What was published, for those beyond members: the registry's list, and the figures of sites."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.orm import Session

from content.models import Article, ArticleKind, Revision, SiteDay, Standing
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.sites.queries import names_of_sites

OfSite = tuple[UUID, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An article that is or was shown, by what it says and since or until when."""

    id: UUID
    site_ids: Sequence[UUID]
    kind: ArticleKind
    title: str
    content_hash: str
    published_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """What content did for a site on a day."""

    published: int
    reads: int


def list_published(session: Session, *, limit: int, cursor: str | None, now: datetime) -> Page[Published]:
    """One page of everything ever published, in the order in which it first was. Raises InvalidCursor."""
    order = (Article.published_at, Article.id)
    found = page_rows(session, _ever_published(), order, limit=limit, cursor=cursor)
    return Page([_published(row, now) for row in found.items], found.next_cursor)


def find_published(session: Session, article_id: UUID, *, now: datetime) -> Published | None:
    """One article, if it was ever published."""
    row = session.execute(_ever_published().where(Article.id == article_id)).one_or_none()
    return None if row is None else _published(row, now)


def _ever_published() -> Select[*tuple[Any, ...]]:
    columns = (Article.id, Article.kind, Article.title, Article.published_at, Article.standing)
    ends = (Article.retracted_at, Article.expires_at)
    return (
        select(*columns, *ends, Revision.content_hash, Revision.site_ids)
        .join(Revision, Revision.id == Article.live_revision_id)
        .where(Article.standing != Standing.DRAFT, Article.published_at.is_not(None))
    )


def _published(row: Row[*tuple[Any, ...]], now: datetime) -> Published:
    is_over = row.expires_at is not None and row.expires_at <= now
    withdrawn_at = row.retracted_at if row.standing is Standing.RETRACTED else None
    if row.standing is Standing.EXPIRED or (row.standing is Standing.LIVE and is_over):
        withdrawn_at = row.expires_at
    return Published(
        id=row.id,
        site_ids=[UUID(site_id) for site_id in dict.fromkeys(row.site_ids)],
        kind=row.kind,
        title=row.title,
        content_hash=row.content_hash,
        published_at=row.published_at,
        withdrawn_at=withdrawn_at,
    )


def figures_of(session: Session, days: Collection[OfSite]) -> Mapping[OfSite, SiteFigures]:
    """What content did for sites on those of the days on which it did anything; one statement."""
    if not days:
        return {}
    dates = [on for _, on in days]
    wanted = select(SiteDay.site_id, SiteDay.day, SiteDay.published, SiteDay.reads).where(
        SiteDay.day.between(min(dates), max(dates)),
        tuple_(SiteDay.site_id, SiteDay.day).in_(list(days)),
    )
    return {
        (site_id, on): SiteFigures(published, reads)
        for site_id, on, published, reads in session.execute(wanted)
    }


def find_sites_of_revision(session: Session, revision_id: UUID) -> list[UUID]:
    """The sites that a text is about, each once; what is no site of ours is left out."""
    named = {UUID(found) for found in session.get_one(Revision, revision_id).site_ids}
    return sorted(names_of_sites(session, named))


def find_first_day(session: Session, article_id: UUID) -> date:
    """The Beijing day on which an article was first shown."""
    first = session.scalars(select(Article.published_at).where(Article.id == article_id)).one()
    assert first is not None  # noqa: S101  it was published
    return beijing_date(first)
