"""Counts of articles: changes added up by a sweep, reads forgotten when they are long ago.

Adding up takes the rows of changes and then those of counts, both in one order: any number of hosts may sweep
at once. A change that takes back is committed after what it takes back, and never added up before it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content.models import (
    ArticleCount,
    ArticleSite,
    CountChange,
    Favourite,
    Like,
    QuizAttempt,
    Read,
    SiteDay,
    TopicFollow,
)
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import Model, execute_counting, is_sqlite

BATCH = 5_000
FORGOTTEN_AFTER = timedelta(days=180)
COUNTED = ("reads", "likes", "favourites", "forgotten")
_QUIETLY = {"synchronize_session": False}


def add_up(session: Session, *, limit: int = BATCH) -> int:
    """Add the next waiting changes to the counts; returns how many there were."""
    changes = _take(session, limit)
    totals: dict[UUID, Counter[str]] = {}
    reads: Counter[tuple[UUID, date]] = Counter()
    for change in changes:
        total = totals.setdefault(change.article_id, Counter())
        for name in COUNTED:
            total[name] += getattr(change, name)
        reads[change.article_id, change.day] += change.reads
    _add_to_articles(session, totals)
    _add_to_sites(session, {key: number for key, number in reads.items() if number})
    return len(changes)


def _take(session: Session, limit: int) -> Sequence[Row[Any]]:
    # Not SKIP LOCKED: what another host has taken must not be overtaken by what takes it back.
    next_ones = select(CountChange.id).order_by(CountChange.id).limit(limit).with_for_update()
    columns = (CountChange.article_id, CountChange.day, *(getattr(CountChange, name) for name in COUNTED))
    taking = delete(CountChange).where(CountChange.id.in_(next_ones)).returning(*columns)
    return session.execute(taking.execution_options(**_QUIETLY)).all()


def _add_to_articles(session: Session, totals: Mapping[UUID, Counter[str]]) -> None:
    rows = [
        {"article_id": article_id, **{name: total[name] for name in COUNTED}}
        for article_id, total in sorted(totals.items())
    ]
    _add(session, ArticleCount, rows, key=["article_id"], added=COUNTED)


def _add_to_sites(session: Session, reads: Mapping[tuple[UUID, date], int]) -> None:
    """Reads count for the sites that the article is about when they are added up."""
    about = select(ArticleSite.article_id, ArticleSite.site_id).where(
        ArticleSite.article_id.in_({article_id for article_id, _ in reads})
    )
    sites: dict[UUID, list[UUID]] = {}
    for article_id, site_id in session.execute(about) if reads else ():
        sites.setdefault(article_id, []).append(site_id)
    total: Counter[tuple[UUID, date]] = Counter()
    for (article_id, day), number in reads.items():
        for site_id in sites.get(article_id, ()):
            total[site_id, day] += number
    rows = [
        {"site_id": site_id, "day": day, "published": 0, "reads": number}
        for (site_id, day), number in sorted(total.items())
    ]
    _add(session, SiteDay, rows, key=["site_id", "day"], added=("published", "reads"))


def note_published(session: Session, site_ids: Iterable[UUID], *, on: date) -> None:
    """Count an article that came out for the sites that it is about."""
    rows = [{"site_id": site_id, "day": on, "published": 1, "reads": 0} for site_id in sorted(set(site_ids))]
    _add(session, SiteDay, rows, key=["site_id", "day"], added=("published", "reads"))


def _add(
    session: Session,
    model: type[Model],
    rows: Sequence[dict[str, Any]],
    *,
    key: Sequence[str],
    added: Sequence[str],
) -> None:
    """Add numbers to those that are there, in one order of rows."""
    if not rows:
        return
    # First a row of nothing: a CHECK looks at what an upsert proposes, which may be less than nothing.
    make = (sqlite.insert if is_sqlite(session) else postgresql.insert)(model)
    nothing = dict.fromkeys(added, 0)
    session.execute(make.on_conflict_do_nothing(), [row | nothing for row in rows])
    table = model.__table__
    these = (table.c[name] == bindparam(f"of_{name}") for name in key)
    more = {name: table.c[name] + bindparam(f"more_{name}") for name in added}
    values = [
        {f"of_{name}": row[name] for name in key} | {f"more_{name}": row[name] for name in added}
        for row in rows
    ]
    session.connection().execute(update(table).where(*these).values(more), values)  # type: ignore[arg-type]


def forget_reads(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Drop who read what long ago, and keep that it was read; returns how many rows went."""
    last = beijing_date(now - FORGOTTEN_AFTER)
    key = (Read.article_id, Read.member_id, Read.day)
    oldest = (
        select(*key).where(Read.day < last).order_by(Read.day).limit(limit).with_for_update(skip_locked=True)
    )
    gone = delete(Read).where(tuple_(*key).in_(oldest)).returning(Read.article_id)
    articles = Counter(session.scalars(gone.execution_options(**_QUIETLY)))
    _leave(session, [{"article_id": found, "forgotten": number} for found, number in articles.items()], now)
    return sum(articles.values())


def forget_member(session: Session, member_id: UUID, *, now: datetime) -> None:
    """Remove everything a member did; that they read stays counted, what they liked and kept does not."""
    theirs = delete(Read).where(Read.member_id == member_id).returning(Read.article_id)
    reads = Counter(session.scalars(theirs.execution_options(**_QUIETLY)))
    _leave(session, [{"article_id": found, "forgotten": number} for found, number in reads.items()], now)
    for model, name in ((Like, "likes"), (Favourite, "favourites")):
        gone = delete(model).where(model.member_id == member_id).returning(model.article_id)
        articles = session.scalars(gone.execution_options(**_QUIETLY))
        _leave(session, [{"article_id": found, name: -1} for found in articles], now)
    for table in (TopicFollow, QuizAttempt):
        execute_counting(session, delete(table).where(table.member_id == member_id))


def _leave(session: Session, changes: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Leave changes of counts for the next adding up."""
    if changes:
        nothing = {"day": beijing_date(now), **dict.fromkeys(COUNTED, 0)}
        session.execute(insert(CountChange), [{**nothing, **change} for change in changes])
