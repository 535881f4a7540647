"""Everything a member did with articles, for their export."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Article, Favourite, Like, QuizAttempt, Read, Topic, TopicFollow


def list_reads(session: Session, member_id: UUID) -> Sequence[tuple[str, date]]:
    """What they read on which day, as long as that is kept."""
    return _titled(session, Read, Read.day, member_id)


def list_likes(session: Session, member_id: UUID) -> Sequence[tuple[str, datetime]]:
    """What they like."""
    return _titled(session, Like, Like.created_at, member_id)


def list_kept(session: Session, member_id: UUID) -> Sequence[tuple[str, datetime]]:
    """What they kept."""
    return _titled(session, Favourite, Favourite.created_at, member_id)


def list_attempts(session: Session, member_id: UUID) -> Sequence[tuple[str, QuizAttempt]]:
    """What they answered."""
    own = select(Article.title, QuizAttempt).join(Article, Article.id == QuizAttempt.article_id)
    found = session.execute(own.where(QuizAttempt.member_id == member_id).order_by(QuizAttempt.id))
    return [(title, attempt) for title, attempt in found]


def list_follows(session: Session, member_id: UUID) -> Sequence[tuple[str, datetime]]:
    """What they want to hear of."""
    own = select(Topic.name, TopicFollow.created_at).join(Topic, Topic.id == TopicFollow.topic_id)
    found = session.execute(own.where(TopicFollow.member_id == member_id).order_by(TopicFollow.created_at))
    return [(name, at) for name, at in found]


def _titled(session: Session, model: Any, when: Any, member_id: UUID) -> Sequence[tuple[str, Any]]:
    own = select(Article.title, when).join(Article, Article.id == model.article_id)
    found = session.execute(own.where(model.member_id == member_id).order_by(when, model.article_id))
    return [(title, at) for title, at in found]
