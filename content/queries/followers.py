"""Who follows the topics of an article: everybody once, however many of its topics they follow."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from content.models import Placement, TopicFollow


def followers_of_topics(topic_ids: Collection[UUID]) -> Select[UUID]:
    """Those who follow any of some topics, to be counted or joined with."""
    return select(TopicFollow.member_id).where(TopicFollow.topic_id.in_(topic_ids)).distinct()


def list_followers(session: Session, article_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
    """The next of those who follow a topic that a shown article stands under, in the order of their ids."""
    following = (
        select(TopicFollow.member_id)
        .join(Placement, Placement.topic_id == TopicFollow.topic_id)
        .where(Placement.article_id == article_id)
        .distinct()
        .order_by(TopicFollow.member_id)
        .limit(limit)
    )
    if after is not None:
        following = following.where(TopicFollow.member_id > after)
    return list(session.scalars(following))


def count_followers(session: Session, topic_ids: Collection[UUID]) -> int:
    """How many would be told of an article under these topics."""
    if not topic_ids:
        return 0
    found = followers_of_topics(topic_ids).subquery()
    return session.scalars(select(func.count()).select_from(found)).one()
