"""A member's messages, the newest first, and how many a message would reach."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.messaging.models import Message, SubscriptionCredit
from miniprogram_api.messaging.rules import Template


def list_messages(session: Session, *, member_id: UUID, limit: int, cursor: str | None) -> Page[Message]:
    """One page of a member's messages."""
    own = select(Message).where(Message.member_id == member_id)
    return page(session, own, (Message.created_at, Message.id), limit=limit, cursor=cursor, descending=True)


def count_unread(session: Session, *, member_id: UUID) -> int:
    """How many messages a member has not opened."""
    unread = select(func.count()).where(Message.member_id == member_id, Message.read_at.is_(None))
    return session.scalars(unread).one()


def count_with_credit(session: Session, members: Select[UUID], template: Template) -> int:
    """How many of these members, given as a statement, WeChat would also tell by this template."""
    theirs = select(func.count()).where(
        SubscriptionCredit.member_id.in_(members),
        SubscriptionCredit.template == template.value,
        SubscriptionCredit.credits > 0,
    )
    return session.scalars(theirs).one()
