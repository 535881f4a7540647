"""What a member did with articles: with one, and the list of those they kept."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, literal, select
from sqlalchemy.orm import Session

from content.errors import ArticleMissing
from content.models import Article, Favourite, Like, Read, Standing
from content.queries.cards import ARTICLES, ArticleCard, card, cards
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.paging import Page, page_rows

_KEPT = Favourite.__table__


@dataclass(frozen=True, slots=True)
class Mine:
    """What a member did with one article."""

    read_today: bool
    liked: bool
    favourited: bool


@dataclass(frozen=True, slots=True)
class KeptArticle:
    """An article among a member's favourites; one that is shown no longer has only its title left."""

    article: ArticleCard
    is_shown: bool
    kept_at: datetime


def get_mine(session: Session, article_id: UUID, *, member_id: UUID, now: datetime) -> Mine:
    """What a member did with an article that is or was shown, in one statement. Raises ArticleMissing."""

    def did(model: Any, *more: ColumnElement[bool]) -> ColumnElement[bool]:
        this = (model.article_id == article_id, model.member_id == member_id, *more)
        return exists(select(literal(1)).where(*this))

    wanted = select(did(Read, Read.day == beijing_date(now)), did(Like), did(Favourite)).where(
        Article.id == article_id, Article.standing != Standing.DRAFT
    )
    found = session.execute(wanted.select_from(Article)).one_or_none()
    if found is None:
        raise ArticleMissing
    return Mine(*found)


def list_favourites(
    session: Session, *, member_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page[KeptArticle]:
    """One page of what a member kept, the latest first. Raises InvalidCursor."""
    own = (
        cards()
        .join(_KEPT, _KEPT.c.article_id == ARTICLES.c.id)
        .where(_KEPT.c.member_id == member_id)
        .add_columns(_KEPT.c.created_at.label("kept_at"), ARTICLES.c.standing, ARTICLES.c.expires_at)
    )
    order = (_KEPT.c.created_at, _KEPT.c.article_id)
    found = page_rows(session, own, order, limit=limit, cursor=cursor, descending=True)
    return Page([_kept(row, now) for row in found.items], found.next_cursor)


def _kept(row: Row[*tuple[Any, ...]], now: datetime) -> KeptArticle:
    is_over = row.expires_at is not None and row.expires_at <= now
    is_shown = row.standing is Standing.LIVE and not is_over
    kept = card(row)
    return KeptArticle(kept if is_shown else replace(kept, summary="", cover=None), is_shown, row.kept_at)
