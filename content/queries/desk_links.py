"""What a text may link to, for who looks for it by name."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from content.models import Article, ArticleKind, Standing
from content.queries.scope import articles_within
from miniprogram_api.kernel.access import Principal


def list_linkable_articles(
    session: Session, principal: Principal, typed: str | None, *, but: UUID | None = None, limit: int
) -> Sequence[Row[UUID, str, ArticleKind, Standing]]:
    """Articles that are shown or that the caller sees at work, by a part of their title; all `but` one."""
    columns = (Article.id, Article.title, Article.kind, Article.standing)
    seen = or_(Article.standing == Standing.LIVE, articles_within(principal, "content.view"))
    wanted = select(*columns).where(seen, Article.deleted_at.is_(None))
    if but is not None:
        wanted = wanted.where(Article.id != but)
    if typed:
        wanted = wanted.where(Article.title.contains(typed, autoescape=True))
    return session.execute(wanted.order_by(Article.edited_at.desc(), Article.id.desc()).limit(limit)).all()
