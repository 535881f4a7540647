"""Topics as members choose from them, and which of them a member follows."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from content.errors import TopicMissing
from content.models import Article, Asset, Placement, Standing, Topic, TopicFollow
from content.queries.cards import Cover, cover


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCard:
    """A topic, and how many articles stand under it."""

    id: UUID
    name: str
    summary: str
    cover: Cover | None
    articles: int


def list_topics(session: Session) -> list[TopicCard]:
    """Every topic in use, in the order staff gave them."""
    return _list(session, Topic.retired_at.is_(None))


def get_topic(session: Session, topic_id: UUID) -> TopicCard:
    """A topic in use. Raises TopicMissing."""
    found = _list(session, Topic.id == topic_id, Topic.retired_at.is_(None))
    if not found:
        raise TopicMissing
    return found[0]


def list_followed(session: Session, member_id: UUID) -> list[TopicCard]:
    """The topics in use that a member follows."""
    followed = select(TopicFollow.topic_id).where(TopicFollow.member_id == member_id)
    return _list(session, Topic.retired_at.is_(None), Topic.id.in_(followed))


def _list(session: Session, *which: ColumnElement[bool]) -> list[TopicCard]:
    shown = (
        select(func.count())
        .select_from(Placement)
        .join(Article, Article.id == Placement.article_id)
        .where(Placement.topic_id == Topic.id, Article.standing == Standing.LIVE)
        .scalar_subquery()
    )
    pictures = (Asset.file_name, Asset.width, Asset.height, Asset.alt, Asset.source, Asset.sizes)
    wanted = (
        select(Topic.id, Topic.name, Topic.summary, shown.label("articles"), *pictures)
        .join(Asset, Asset.id == Topic.cover_asset_id, isouter=True)
        .where(*which)
    )
    return [_card(row) for row in session.execute(wanted.order_by(Topic.position, Topic.id))]


def _card(row: Row[*tuple[object, ...]]) -> TopicCard:
    return TopicCard(id=row.id, name=row.name, summary=row.summary, cover=cover(row), articles=row.articles)
