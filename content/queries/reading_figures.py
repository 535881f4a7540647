"""How much articles were read, liked and kept in a period, without who did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from content.models import Article, ArticleKind, Favourite, Like, Read
from content.queries.scope import articles_within
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.clock import beijing_time

_DAY_END = 1440


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """An article with what happened to it in the period; a member counts once for an article and a day."""

    article_id: UUID
    title: str
    kind: ArticleKind
    reads: int
    likes: int
    favourites: int


def list_reading(
    session: Session, principal: Principal, *, first: date, last: date, kind: ArticleKind | None = None
) -> list[ReadingLine]:
    """The articles of the caller's scope that anything happened to, the most read first; one statement."""
    changes = union_all(_reads(first, last), *(_since(each, first, last) for each in (Like, Favourite)))
    changed = changes.subquery("changes")
    sums = [func.sum(changed.c[name]).label(name) for name in ("reads", "likes", "favourites")]
    wanted = (
        select(Article.id, Article.title, Article.kind, *sums)
        .join(changed, changed.c.article_id == Article.id)
        .where(articles_within(principal, "content.view"))
        .group_by(Article.id, Article.title, Article.kind)
        .order_by(sums[0].desc(), sums[1].desc(), Article.id)
    )
    if kind is not None:
        wanted = wanted.where(Article.kind == kind)
    return [
        ReadingLine(row.id, row.title, row.kind, int(row.reads), int(row.likes), int(row.favourites))
        for row in session.execute(wanted)
    ]


def total_of(lines: Sequence[ReadingLine]) -> tuple[int, int, int]:
    """Reads, likes and favourites of all of them."""
    return (
        sum(line.reads for line in lines),
        sum(line.likes for line in lines),
        sum(line.favourites for line in lines),
    )


def _reads(first: date, last: date) -> Select[*tuple[Any, ...]]:
    counted = select(
        Read.article_id,
        func.count().label("reads"),
        literal(0).label("likes"),
        literal(0).label("favourites"),
    )
    return counted.where(Read.day.between(first, last)).group_by(Read.article_id)


def _since(of: type[Like] | type[Favourite], first: date, last: date) -> Select[*tuple[Any, ...]]:
    of_likes = of is Like
    counted = select(
        of.article_id,
        literal(0),
        func.count() if of_likes else literal(0),
        literal(0) if of_likes else func.count(),
    )
    since, until = beijing_time(first, 0), beijing_time(last, _DAY_END)
    return counted.where(of.created_at >= since, of.created_at < until).group_by(of.article_id)
