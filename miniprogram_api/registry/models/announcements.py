"""Events on their way out: what is announced, and each sending of it to one subscription."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum
from miniprogram_api.kernel.feeds import PlacedInFeed


class EventType(StrEnum):
    """What partners can be told of."""

    DAILY_UPDATED = "engagement.daily.updated"
    SITE_OPENED = "engagement.site.opened"
    SITE_SUSPENDED = "engagement.site.suspended"
    SITE_CLOSED = "engagement.site.closed"
    WITHDRAWAL_COMPLETED = "engagement.withdrawal.completed"
    CONTENT_PUBLISHED = "engagement.content.published"
    CONTENT_WITHDRAWN = "engagement.content.withdrawn"
    CORRECTION_REQUESTED = "engagement.correction.requested"


class SendingState(StrEnum):
    """How far one sending is."""

    PENDING = "pending"
    RUNNING = "running"
    DELIVERED = "delivered"
    FAILED = "failed"  # every attempt was made


class Announcement(PlacedInFeed, Model):
    """A fact that partners are told. `feed_seq` is its place among all of them, given after its commit."""

    __tablename__ = "registry_announcements"
    __table_args__ = (Index("ix_registry_announcements_merge", "merge_key", "feed_seq"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[EventType] = mapped_column(text_enum(EventType))
    subject: Mapped[str] = mapped_column(String(60))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    merge_key: Mapped[str | None] = mapped_column(String(120))  # one that is unsent takes later ones up
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Sending(Model):
    """One announcement for one subscription: the partner's log of what was sent, and with what result."""

    __tablename__ = "registry_sendings"
    __table_args__ = (
        UniqueConstraint("announcement_id", "subscription_id"),
        Index("ix_registry_sendings_due", "state", "next_attempt_at"),
        Index("ix_registry_sendings_log", "subscription_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    announcement_id: Mapped[UUID] = mapped_column(ForeignKey("registry_announcements.id"))
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("registry_subscriptions.id"))
    state: Mapped[SendingState] = mapped_column(text_enum(SendingState))
    attempts: Mapped[int]
    replays: Mapped[int]
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_status: Mapped[int | None]  # what the endpoint answered last; never its body
    last_error: Mapped[str | None] = mapped_column(String(40))
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    announcement: Mapped[Announcement] = relationship(lazy="raise")

    @property
    def due_at(self) -> datetime | None:
        """When the next attempt is made; None when there is none to come."""
        waiting = self.state in {SendingState.PENDING, SendingState.RUNNING}
        return self.next_attempt_at if waiting else None
