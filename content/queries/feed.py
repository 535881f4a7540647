"""The public list of articles: every filter, search and page in one statement, however many there are.

The statement first finds the page of articles, and only for those looks up what their cards show. Building it
costs more than running it, so that of a first page is kept and used for every search of the same shape.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    Uuid,
    bindparam,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.orm import Session

from content.models import ArticleKind, ArticleSite, Audience, Placement
from content.queries.cards import ARTICLES, LIVE, REVISIONS, ArticleCard, card, cards
from content.queries.search import INDEX
from miniprogram_api.kernel.db import is_sqlite
from miniprogram_api.kernel.paging import Column, Page, encode_cursor, keyset
from miniprogram_api.kernel.search import query_values, tokens

_OF_REVISION = frozenset({"technology", "audience"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleSearch:
    """What a caller looks for."""

    kind: ArticleKind | None = None
    topic: UUID | None = None
    site: UUID | None = None
    technology: str | None = None
    audience: Audience | None = None
    q: str | None = None

    def wanted(self) -> dict[str, Any]:
        """What is asked for beside the words, by name."""
        asked = {
            "kind": self.kind,
            "topic": self.topic,
            "site": self.site,
            "technology": self.technology,
            "audience": self.audience,
        }
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a search decides its SQL; everything else is bound."""

    filters: tuple[str, ...]
    searched: bool
    sqlite: bool


@dataclass(frozen=True, slots=True)
class _Built:
    """A statement, and how many of its last columns are the keys of its order."""

    statement: Select[*tuple[Any, ...]]
    keys: int


def list_articles(
    session: Session, wanted: ArticleSearch, *, limit: int, cursor: str | None, now: datetime
) -> Page[ArticleCard]:
    """A page of what is shown: the pinned first, then the newest; with `q` the best match, then the newest.

    Raises InvalidCursor.
    """
    if wanted.q is not None and not tokens(wanted.q):
        return Page((), None)
    shape = _Shape(tuple(wanted.wanted()), wanted.q is not None, is_sqlite(session))
    built = _first_page(shape) if cursor is None else _build(shape, cursor)
    rows = session.connection().execute(built.statement, _values(wanted, limit, now)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[card(row) for row in rows[:limit]],
        next_cursor=None if last is None else encode_cursor(last[-built.keys :]),
    )


def _values(wanted: ArticleSearch, limit: int, now: datetime) -> dict[str, Any]:
    """What is bound; one row more than asked for tells whether there is a next page."""
    words = {} if wanted.q is None else query_values(wanted.q)
    return {"rows": limit + 1, "now": now, **wanted.wanted(), **words}


@lru_cache(maxsize=128)
def _first_page(shape: _Shape) -> _Built:
    return _build(shape, None)


def _build(shape: _Shape, cursor: str | None) -> _Built:
    matches = INDEX.matches() if shape.searched else None
    columns = _order(matches)
    keys = [column.label(f"key_{number}") for number, column in enumerate(columns)]
    matching = select(ARTICLES.c.id.label("article_id"), *keys).where(
        LIVE, *(_holds(name, shape) for name in shape.filters)
    )
    if matches is not None:
        matching = matching.join_from(ARTICLES, matches, matches.c.object_id == ARTICLES.c.id)
    if _OF_REVISION.intersection(shape.filters):
        matching = matching.join(REVISIONS, REVISIONS.c.id == ARTICLES.c.live_revision_id)
    found = (
        keyset(matching, columns, cursor, descending=True)
        .limit(bindparam("rows", type_=Integer))
        .subquery("found")
    )
    sorting = [found.c[key.name] for key in keys]
    statement = (
        cards()
        .join(found, found.c.article_id == ARTICLES.c.id)
        .add_columns(*sorting)
        .order_by(*(key.desc() for key in sorting))
    )
    return _Built(statement, len(keys))


def _order(matches: Subquery | None) -> list[Column]:
    """The columns a list falls by, unique together."""
    newest: list[Column] = [ARTICLES.c.published_at, ARTICLES.c.id]
    return [ARTICLES.c.pinned if matches is None else matches.c.rank, *newest]


def _holds(name: str, shape: _Shape) -> ColumnElement[bool]:
    match name:
        case "kind":
            return _is(ARTICLES.c.kind, name)
        case "audience":
            return _is(REVISIONS.c.audience, name)
        case "topic":
            return _stands_in(Placement.__table__, "topic_id", name)
        case "site":
            return _stands_in(ArticleSite.__table__, "site_id", name)
    each = func.json_each if shape.sqlite else func.json_array_elements_text
    named = each(REVISIONS.c.technologies).table_valued("value", name="technology_names")
    return exists(select(literal(1)).select_from(named).where(named.c.value == bindparam(name, type_=String)))


def _is(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    equal: ColumnElement[bool] = column == bindparam(name, type_=column.type)
    return equal


def _stands_in(table: Any, column: str, name: str) -> ColumnElement[bool]:
    placed = select(literal(1)).where(
        table.c.article_id == ARTICLES.c.id, table.c[column] == bindparam(name, type_=Uuid())
    )
    return exists(placed)
