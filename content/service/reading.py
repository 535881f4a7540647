"""What members do with articles: read, like, keep, follow a topic. Each call may be repeated.

Nothing here waits for an article: its row is only read, and a change of its counts is a row of its own. These
acts leave no audit rows and no events (docs/decisions): what somebody reads is their own business, and the
rows themselves go with them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content.errors import ArticleMissing, TopicMissing
from content.models import Article, CountChange, Favourite, Like, Read, Standing, Topic, TopicFollow
from content.queries.article import require_shown
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import Model, execute_counting, is_sqlite

_STANDING = (
    Article.standing,
    Article.title,
    Article.expires_at,
    Article.retracted_at,
    Article.retract_reason,
)


def note_read(session: Session, article_id: UUID, *, member_id: UUID, now: datetime) -> None:
    """Count a member as a reader, once a Beijing day. Raises ArticleMissing, ArticleWithdrawn."""
    _require_shown(session, article_id, now)
    today = beijing_date(now)
    if _add(session, Read, {"article_id": article_id, "member_id": member_id, "day": today}):
        _change(session, article_id, now, reads=1)


def like(session: Session, article_id: UUID, *, member_id: UUID, now: datetime) -> None:
    """Note that a member likes the article. Raises ArticleMissing, ArticleWithdrawn."""
    _require_shown(session, article_id, now)
    if _add(session, Like, {"article_id": article_id, "member_id": member_id, "created_at": now}):
        _change(session, article_id, now, likes=1)


def unlike(session: Session, article_id: UUID, *, member_id: UUID, now: datetime) -> None:
    """Note that they do not, of an article that is shown no longer too. Raises ArticleMissing."""
    _require_known(session, article_id)
    if _remove(session, Like, article_id, member_id):
        _change(session, article_id, now, likes=-1)


def keep(session: Session, article_id: UUID, *, member_id: UUID, now: datetime) -> None:
    """Put the article among a member's favourites. Raises ArticleMissing, ArticleWithdrawn."""
    _require_shown(session, article_id, now)
    if _add(session, Favourite, {"article_id": article_id, "member_id": member_id, "created_at": now}):
        _change(session, article_id, now, favourites=1)


def drop(session: Session, article_id: UUID, *, member_id: UUID, now: datetime) -> None:
    """Take it off them, shown or not. Raises ArticleMissing."""
    _require_known(session, article_id)
    if _remove(session, Favourite, article_id, member_id):
        _change(session, article_id, now, favourites=-1)


def follow_topic(session: Session, topic_id: UUID, *, member_id: UUID, now: datetime) -> None:
    """Have a member told of what is published under a topic. Raises TopicMissing."""
    _require_topic(session, topic_id, Topic.retired_at.is_(None))
    _add(session, TopicFollow, {"topic_id": topic_id, "member_id": member_id, "created_at": now})


def unfollow_topic(session: Session, topic_id: UUID, *, member_id: UUID) -> None:
    """Have them told no longer, of a topic out of use too. Raises TopicMissing."""
    _require_topic(session, topic_id)
    this = (TopicFollow.topic_id == topic_id, TopicFollow.member_id == member_id)
    execute_counting(session, delete(TopicFollow).where(*this))


def _require_shown(session: Session, article_id: UUID, now: datetime) -> None:
    found = session.execute(select(*_STANDING).where(Article.id == article_id)).one_or_none()
    if found is None:
        raise ArticleMissing
    require_shown(found, now)


def _require_known(session: Session, article_id: UUID) -> None:
    """That it was shown once."""
    standing = session.scalar(select(Article.standing).where(Article.id == article_id))
    if standing in {None, Standing.DRAFT}:
        raise ArticleMissing


def _require_topic(session: Session, topic_id: UUID, *which: Any) -> None:
    if session.scalar(select(Topic.id).where(Topic.id == topic_id, *which)) is None:
        raise TopicMissing


def _add(session: Session, model: type[Model], row: Mapping[str, Any]) -> bool:
    """Whether the row is new."""
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    (first, *_) = model.__table__.primary_key
    once = make(model).values(**row).on_conflict_do_nothing().returning(first)
    return session.scalar(once) is not None


def _remove(session: Session, model: type[Like] | type[Favourite], article_id: UUID, member_id: UUID) -> bool:
    """Whether there was one."""
    mine = (model.article_id == article_id, model.member_id == member_id)
    return execute_counting(session, delete(model).where(*mine)) > 0


def _change(session: Session, article_id: UUID, now: datetime, **by: int) -> None:
    """Leave a change of counts for the sweep."""
    change = {"reads": 0, "likes": 0, "favourites": 0, "forgotten": 0, **by}
    session.execute(insert(CountChange).values(article_id=article_id, day=beijing_date(now), **change))
