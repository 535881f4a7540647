"""The topics under which articles are gathered, in an order that staff choose."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content.errors import TopicMissing, TopicNameTaken
from content.events import TopicChanged
from content.models import Topic
from content.service.showing import follow_topic_name
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.ids import new_id

MOST_NAME, MOST_TOPIC_SUMMARY = 20, 120


def get_topic(session: Session, topic_id: UUID, *, retired: bool = False) -> Topic:
    """A topic in use, or with `retired` one that is not. Raises TopicMissing."""
    topic = session.get(Topic, topic_id)
    if topic is None or (topic.retired_at is not None) != retired:
        raise TopicMissing
    return topic


def add_topic(
    session: Session, *, name: str, summary: str, cover_asset_id: UUID | None, actor: Actor, now: datetime
) -> Topic:
    """Add a topic at the end. Raises TopicNameTaken, of retired topics too: those can be put back."""
    _check_name(session, name, besides=None)
    last = session.scalar(select(func.max(Topic.position)))
    topic = Topic(
        id=new_id(),
        name=name,
        summary=summary,
        cover_asset_id=cover_asset_id,
        position=0 if last is None else last + 1,
        created_at=now,
        retired_at=None,
    )
    _keep(session, topic)
    _note_topic(session, topic, action="add_topic", actor=actor, after={"name": name})
    return topic


def edit_topic(session: Session, topic: Topic, *, changes: Mapping[str, Any], actor: Actor) -> None:
    """Set a topic's name, summary or cover. Raises TopicNameTaken."""
    if "name" in changes:
        _check_name(session, changes["name"], besides=topic.id)
    before = {name: _plain(getattr(topic, name)) for name in changes}
    for name in changes.keys() & {"name", "summary", "cover_asset_id"}:
        setattr(topic, name, changes[name])
    _keep(session, topic)
    if before.get("name", topic.name) != topic.name:
        follow_topic_name(session, topic)
    after = {name: _plain(value) for name, value in changes.items()}
    _note_topic(session, topic, action="edit_topic", actor=actor, before=before, after=after)


def move_topic(session: Session, topic: Topic, *, to: int, actor: Actor) -> None:
    """Give a topic a place among those in use, from 0; the others make room."""
    others = select(Topic).where(Topic.retired_at.is_(None), Topic.id != topic.id)
    order = list(session.scalars(others.order_by(Topic.position, Topic.id).with_for_update()))
    before = {"position": topic.position}
    order.insert(min(max(to, 0), len(order)), topic)
    for position, placed in enumerate(order):
        placed.position = position
    after = {"position": topic.position}
    _note_topic(session, topic, action="move_topic", actor=actor, before=before, after=after)


def retire_topic(session: Session, topic: Topic, *, actor: Actor, now: datetime) -> None:
    """Show a topic no longer; its articles stay where else they are."""
    topic.retired_at = now
    _note_topic(session, topic, action="retire_topic", actor=actor, before={"name": topic.name})


def put_topic_back(session: Session, topic: Topic, *, actor: Actor) -> None:
    """Show a retired topic again, with the articles that it had."""
    topic.retired_at = None
    _note_topic(session, topic, action="put_topic_back", actor=actor, after={"name": topic.name})


def _check_name(session: Session, name: str, *, besides: UUID | None) -> None:
    found = session.scalar(select(Topic.id).where(Topic.name == name))
    if found is not None and found != besides:
        raise TopicNameTaken(name=name)


def _keep(session: Session, topic: Topic) -> None:
    """Write a topic; of two who give a name at the same time the second hears that it is taken."""
    try:
        with session.begin_nested():
            session.add(topic)
    except IntegrityError:
        raise TopicNameTaken(name=topic.name) from None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _note_topic(
    session: Session,
    topic: Topic,
    *,
    action: str,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"content.{action}",
        object_type="topic",
        object_id=str(topic.id),
        before=before,
        after=after,
    )
    events.publish(session, TopicChanged(str(topic.id)))
