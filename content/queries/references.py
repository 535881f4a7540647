"""What the features above may know of an article: what it is called, whose it is, and whether it is shown."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from content.models import Article, Standing
from content.queries.scope import articles_within
from miniprogram_api.kernel.access import Principal


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


def article_ids_within(principal: Principal, permission: str) -> Select[UUID]:
    """The ids of the articles over which a caller holds a permission."""
    return select(Article.id).where(articles_within(principal, permission))
