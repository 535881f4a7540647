"""Topics as the desk sees them: with how many articles are shown under each, and how many follow it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from content.errors import TopicMissing
from content.models import Article, Placement, Standing, Topic, TopicFollow


@dataclass(frozen=True, slots=True)
class DeskTopic:
    """A topic with what hangs on it."""

    topic: Topic
    articles: int
    followers: int


def list_desk_topics(session: Session) -> list[DeskTopic]:
    """The topics in use, in the order in which readers see them."""
    shown = (
        select(func.count())
        .select_from(Placement)
        .join(Article, Article.id == Placement.article_id)
        .where(Placement.topic_id == Topic.id, Article.standing == Standing.LIVE)
        .scalar_subquery()
    )
    following = select(func.count()).select_from(TopicFollow).where(TopicFollow.topic_id == Topic.id)
    followed = following.scalar_subquery()
    listed = select(Topic, shown, followed).where(Topic.retired_at.is_(None))
    rows = session.execute(listed.order_by(Topic.position, Topic.id))
    return [DeskTopic(topic, articles, followers) for topic, articles, followers in rows]


def list_retired_topics(session: Session) -> list[Topic]:
    """Those that readers do not see any more, the last retired first."""
    retired = select(Topic).where(Topic.retired_at.is_not(None))
    return list(session.scalars(retired.order_by(Topic.retired_at.desc(), Topic.id)))


def find_topic(session: Session, topic_id: UUID) -> Topic:
    """A topic, in use or retired. Raises TopicMissing."""
    topic = session.get(Topic, topic_id)
    if topic is None:
        raise TopicMissing
    return topic


def names_of_topics(session: Session, topic_ids: Collection[UUID]) -> dict[UUID, str]:
    """What topics are called, retired ones too; one statement."""
    if not topic_ids:
        return {}
    named = select(Topic.id, Topic.name).where(Topic.id.in_(topic_ids))
    return {row.id: row.name for row in session.execute(named)}


def list_topic_names(session: Session) -> list[tuple[str, str]]:
    """Every topic in use with its id as text, for who chooses one."""
    named = select(Topic.id, Topic.name).where(Topic.retired_at.is_(None))
    return [(str(row.id), row.name) for row in session.execute(named.order_by(Topic.position, Topic.id))]


def followers_of(topic_ids: Collection[UUID]) -> Select[UUID]:
    """The members who follow any of these topics, each once."""
    return select(TopicFollow.member_id).where(TopicFollow.topic_id.in_(topic_ids)).distinct()


def count_followers(session: Session, topic_ids: Collection[UUID]) -> int:
    """How many members follow any of these topics."""
    if not topic_ids:
        return 0
    return session.scalar(select(func.count()).select_from(followers_of(topic_ids).subquery())) or 0
