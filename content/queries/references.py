"""What the features above may know of an article: what it is called, whose it is, and whether it is shown."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session

from content.models import Article, Standing
from miniprogram_api.kernel.access import Principal
from miniprogram_api.sites.queries import sites_within


@dataclass(frozen=True, slots=True)
class ArticleNamed:
    """An article by name."""

    id: UUID
    title: str
    standing: Standing


def find_shown_article(session: Session, article_id: UUID) -> ArticleNamed | None:
    """An article that the public can read at present."""
    found = name_articles(session, [article_id]).get(article_id)
    return found if found is not None and found.standing is Standing.LIVE else None


def name_articles(session: Session, article_ids: Collection[UUID]) -> dict[UUID, ArticleNamed]:
    """What articles are called, whatever the public sees of them; one statement."""
    if not article_ids:
        return {}
    named = select(Article.id, Article.title, Article.standing).where(Article.id.in_(article_ids))
    return {row.id: ArticleNamed(row.id, row.title, row.standing) for row in session.execute(named)}


def articles_within(principal: Principal, permission: str) -> Select[UUID]:
    """The ids of the articles over which a caller holds a permission."""
    return select(Article.id).where(_within(principal, permission))


def _within(principal: Principal, permission: str) -> ColumnElement[bool]:
    granted = [grant for grant in principal.grants if permission in grant.permissions]
    if any(grant.site_id is None and grant.organisation_id is None for grant in granted):
        return true()
    # An article of a site is its operator's too; one of an organisation is no site's.
    organisations = {g.organisation_id for g in granted if g.organisation_id and not g.site_id}
    return or_(
        Article.site_id.in_(sites_within(principal, permission)),
        and_(Article.site_id.is_(None), Article.organisation_id.in_(organisations)),
    )
