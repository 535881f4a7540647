"""Tables of messages, and of what repeats them to WeChat.

A message names one kind, one subject and one member, and exists once; so does its delivery by a channel.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class MessageKind(StrEnum):
    VISIT_CANCELLED_BY_SITE = "visit_cancelled_by_site"
    VISIT_CANCELLED_BY_AUTHORITY = "visit_cancelled_by_authority"
    VISIT_REDUCED_BY_SITE = "visit_reduced_by_site"
    VISIT_MOVED_BY_SITE = "visit_moved_by_site"
    VISIT_RESTORED = "visit_restored"
    OBJECTION_REFUSED = "objection_refused"
    OBJECTION_DELIVERED = "objection_delivered"
    OBJECTION_ANSWERED = "objection_answered"
    ARTICLE_PUBLISHED = "article_published"
    FEEDBACK_ANSWERED = "feedback_answered"
    FEEDBACK_REFUSED = "feedback_refused"
    FEEDBACK_CLOSED = "feedback_closed"


class Message(Model):
    """Something a member was told, as it was worded then; `wording` counts the versions of the text."""

    __tablename__ = "messaging_messages"
    __table_args__ = (
        UniqueConstraint("member_id", "kind", "subject_id", "occasion"),
        Index("ix_messaging_messages_newest", "member_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"))
    kind: Mapped[MessageKind] = mapped_column(text_enum(MessageKind))
    subject_id: Mapped[str] = mapped_column(String(64))
    occasion: Mapped[int] = mapped_column(default=0)  # tells apart what befalls one subject repeatedly
    wording: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SubscriptionCredit(Model):
    """How many subscription messages of a template a member has left; a hint, WeChat keeps the count."""

    __tablename__ = "messaging_credits"
    __table_args__ = (CheckConstraint("credits >= 0", name="credits"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), primary_key=True)
    template: Mapped[str] = mapped_column(String(40), primary_key=True)
    credits: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Channel(StrEnum):
    WECHAT = "wechat"


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"  # WeChat said no, for good, at once or later
    UNKNOWN = "unknown"  # it may have arrived: it is never sent again
    NO_CREDIT = "no_credit"
    GIVEN_UP = "given_up"  # WeChat could not be reached often enough


class MessageDelivery(Model):
    """A message on its way by another channel than the inbox; `parts` is what its template is made of."""

    __tablename__ = "messaging_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "channel"),
        Index("ix_messaging_deliveries_due", "state", "next_attempt_at"),
        # WeChat refuses two messages to one person at the same moment.
        Index(
            "ix_messaging_deliveries_one_at_once",
            "member_id",
            unique=True,
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messaging_messages.id"))
    channel: Mapped[Channel] = mapped_column(text_enum(Channel))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    template: Mapped[str] = mapped_column(String(40))
    parts: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[DeliveryState] = mapped_column(text_enum(DeliveryState))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(40))  # WeChat's id of the message, or why not
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
