"""Having those told of an article who follow its topics: asked for once for each revision, told in batches.

What is told, and how, is for messaging; here is who is next, and how far it has come. A batch and the note of
it are one transaction, so that whoever dies in between leaves nothing half told.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content.events import ArticlePushRequested
from content.models import Article, Placement, Push, Revision, Standing, Topic
from content.queries.followers import list_followers
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import is_sqlite
from miniprogram_api.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Batch:
    """The next followers to tell, of what; `number` tells the revisions of one article apart."""

    push_id: UUID
    article_id: UUID
    number: int
    title: str
    summary: str
    topic: str
    published_at: datetime
    members: list[UUID]


def request_push(
    session: Session, *, article_id: UUID, revision_id: UUID, staff_id: UUID, actor: Actor, now: datetime
) -> bool:
    """Have the followers told of a revision; returns whether that is new, since each is told of once."""
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    push = make(Push).values(
        id=new_id(),
        article_id=article_id,
        revision_id=revision_id,
        requested_by=staff_id,
        requested_at=now,
        told_through=None,
        told=0,
        finished_at=None,
    )
    once = push.on_conflict_do_nothing(index_elements=["article_id", "revision_id"])
    push_id = session.scalar(once.returning(Push.id))
    if push_id is None:
        return False
    audit.record(
        session,
        actor=actor,
        action="content.request_push",
        object_type="article",
        object_id=str(article_id),
        after={"revision_id": str(revision_id)},
    )
    events.publish(session, ArticlePushRequested(article_id=str(article_id), push_id=str(push_id)))
    return True


def lock_next_batch(session: Session, push_id: UUID, *, limit: int, now: datetime) -> Batch | None:
    """The next followers, the push locked; None when it is over, as it is once the article is not shown."""
    locked = select(Push).where(Push.id == push_id, Push.finished_at.is_(None)).with_for_update()
    push = session.scalars(locked.execution_options(populate_existing=True)).one_or_none()
    if push is None:
        return None
    article = session.get_one(Article, push.article_id, populate_existing=True)
    shown = article.standing is Standing.LIVE
    members = list_followers(session, article.id, after=push.told_through, limit=limit) if shown else []
    if not members or article.published_at is None:
        push.finished_at = now
        session.flush()
        return None
    revision = session.get_one(Revision, push.revision_id)
    return Batch(
        push_id=push.id,
        article_id=article.id,
        number=revision.number,
        title=article.title,
        summary=article.summary,
        topic=_first_topic(session, article.id),
        published_at=article.changed_at or article.published_at,
        members=members,
    )


def note_told(session: Session, batch: Batch, *, told: int) -> None:
    """A batch was told; the push is locked since it was taken."""
    push = session.get_one(Push, batch.push_id)
    push.told_through, push.told = batch.members[-1], push.told + told
    session.flush()


def list_unfinished(session: Session, *, limit: int) -> list[UUID]:
    """The pushes that are not over, the oldest first."""
    unfinished = select(Push.id).where(Push.finished_at.is_(None)).order_by(Push.requested_at, Push.id)
    return list(session.scalars(unfinished.limit(limit)))


def _first_topic(session: Session, article_id: UUID) -> str:
    placed = select(Topic.name).join(Placement, Placement.topic_id == Topic.id)
    standing = placed.where(Placement.article_id == article_id, Topic.retired_at.is_(None))
    first = standing.order_by(Topic.position, Topic.id).limit(1)
    return session.scalars(first).one()
