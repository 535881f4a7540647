"""Reconciliation of articles: what was added up, against the rows of what members did and what waits."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content.models import Article, ArticleCount, CountChange, Favourite, Like, Read
from miniprogram_api.kernel.db import is_sqlite
from miniprogram_api.operations.drifts import Drift, write_sums

_COUNTED = ("reads", "likes", "favourites")
_MADE_OF = {"reads": Read, "likes": Like, "favourites": Favourite}


def article_drifts(session: Session, article_id: UUID | None = None) -> list[Drift]:
    """Every article, or this one, of which something was counted wrong."""
    articles = _sums() if article_id is None else _sums().where(Article.id == article_id)
    found = []
    for row_id, *numbers in session.execute(articles):
        counted = dict(zip(_COUNTED, numbers[: len(_COUNTED)], strict=True))
        summed = dict(zip(_COUNTED, numbers[len(_COUNTED) :], strict=True))
        if counted != summed:
            found.append(Drift("article", str(row_id), counted, summed))
    return found


def repair_article(session: Session, drift: Drift, reason: str) -> Drift | None:
    """Set what was added up to what the rows say, less what waits."""
    article_id = UUID(drift.object_id)
    make = (sqlite.insert if is_sqlite(session) else postgresql.insert)(ArticleCount)
    nothing = {"article_id": article_id, "reads": 0, "likes": 0, "favourites": 0, "forgotten": 0}
    session.execute(make.values(nothing).on_conflict_do_nothing())
    this = ArticleCount.article_id == article_id
    # Whoever adds up changes this row: under its lock nothing is taken from what waits.
    session.execute(select(ArticleCount.article_id).where(this).with_for_update())
    return write_sums(session, article_drifts(session, article_id), update(ArticleCount).where(this), reason)


def _sums() -> Select[Any]:
    counted = [func.coalesce(getattr(ArticleCount, name), 0) for name in _COUNTED]
    summed = [_rows(model) - _waiting(name) for name, model in _MADE_OF.items()]
    forgotten = func.coalesce(ArticleCount.forgotten, 0) + _waiting("forgotten")
    return select(Article.id, *counted, summed[0] + forgotten, *summed[1:]).outerjoin(
        ArticleCount, ArticleCount.article_id == Article.id
    )


def _rows(model: Any) -> ColumnElement[int]:
    of_article = select(func.count()).select_from(model).where(model.article_id == Article.id)
    return of_article.correlate(Article).scalar_subquery()


def _waiting(name: str) -> ColumnElement[int]:
    changes = select(func.coalesce(func.sum(getattr(CountChange, name)), 0))
    return changes.where(CountChange.article_id == Article.id).correlate(Article).scalar_subquery()
