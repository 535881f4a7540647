"""Telling members, once, and noting what they read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import members
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import is_sqlite
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging.events import MessageRead
from miniprogram_api.messaging.models import Message, MessageKind
from miniprogram_api.messaging.rules import Wording

_AT_ONCE = 100


def tell(
    session: Session,
    *,
    member_id: UUID,
    kind: MessageKind,
    subject_id: str,
    occasion: int = 0,
    wording: Wording,
    now: datetime,
) -> None:
    """Leave a message; a second call about the same subject and occasion changes nothing.

    Nobody erased is told.
    """
    told = select(Message.id).where(
        Message.member_id == member_id,
        Message.kind == kind,
        Message.subject_id == subject_id,
        Message.occasion == occasion,
    )
    if session.scalar(told) is not None or not members.is_living(session, member_id):
        return
    session.add(
        Message(
            id=new_id(),
            member_id=member_id,
            kind=kind,
            subject_id=subject_id,
            occasion=occasion,
            wording=wording.version,
            title=wording.title,
            body=wording.body,
            created_at=now,
        )
    )
    session.flush()


def insert_messages(session: Session, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave many messages, a statement for each hundred; returns the rows that were not told before."""
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    once = ["member_id", "kind", "subject_id", "occasion"]
    new: set[UUID] = set()
    for start in range(0, len(rows), _AT_ONCE):
        chunk = make(Message).values(rows[start : start + _AT_ONCE])
        left = chunk.on_conflict_do_nothing(index_elements=once).returning(Message.id)
        new.update(session.scalars(left))
    return [row for row in rows if row["id"] in new]


def mark_read(session: Session, *, member_id: UUID, message_id: UUID, now: datetime, actor: Actor) -> Message:
    """Note that a member opened a message; again is harmless. Raises NotFound, for somebody else's too."""
    own = (Message.id == message_id, Message.member_id == member_id)
    first_time = session.scalar(
        update(Message).where(*own, Message.read_at.is_(None)).values(read_at=now).returning(Message.id)
    )
    message = session.scalar(select(Message).where(*own).execution_options(populate_existing=True))
    if message is None:
        raise NotFound
    if first_time is not None:
        audit.record(
            session,
            actor=actor,
            action=MessageRead.name,
            object_type="message",
            object_id=str(message_id),
        )
        events.publish(session, MessageRead(message_id=str(message_id), member_id=str(member_id)))
    return message
