"""Who follows the topics of an article: everybody once, however many of its topics they follow."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Placement, Topic, TopicFollow


def list_followers(session: Session, article_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
    """The next of those who follow a topic that a shown article stands under, in the order of their ids.

    A topic that was given up counts no more.
    """
    following = (
        select(TopicFollow.member_id)
        .join(Placement, Placement.topic_id == TopicFollow.topic_id)
        .join(Topic, Topic.id == TopicFollow.topic_id)
        .where(Placement.article_id == article_id, Topic.retired_at.is_(None))
        .distinct()
        .order_by(TopicFollow.member_id)
        .limit(limit)
    )
    if after is not None:
        following = following.where(TopicFollow.member_id > after)
    return list(session.scalars(following))
