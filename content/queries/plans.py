"""What is planned, what is due, and what should have appeared by now."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content.models import Article, Plan, Standing
from content.rules.states import OVERDUE_AFTER


def list_due_articles(session: Session, now: datetime, *, limit: int) -> list[UUID]:
    """Articles whose plan is to be carried out, or tried again, by now; the earliest plan first."""
    due = select(Plan.article_id).where(Plan.next_attempt_at <= now)
    return list(session.scalars(due.order_by(Plan.publish_at, Plan.article_id).limit(limit)))


def list_ending_articles(session: Session, now: datetime, *, limit: int) -> list[UUID]:
    """Shown articles whose last day, or whose pin, is over by now."""
    expired = select(Article.id).where(Article.standing == Standing.LIVE, Article.expires_at <= now)
    unpinned = select(Article.id).where(Article.standing == Standing.LIVE, Article.pinned_until <= now)
    ending = expired.union(unpinned).limit(limit)
    return list(session.scalars(ending))


def count_overdue(session: Session, now: datetime) -> int:
    """How many articles should have appeared by now and have not."""
    overdue = select(func.count()).select_from(Plan).where(Plan.publish_at <= now - OVERDUE_AFTER)
    return session.scalars(overdue).one()
