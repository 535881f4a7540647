"""Where a partner wants to be told of our events, and the secrets that sign what is sent there."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class SubscriptionState(StrEnum):
    """Whether events are sent."""

    PENDING = "pending"  # no endpoint of it has been approved yet
    ACTIVE = "active"
    DISABLED = "disabled"  # by an administrator, or because the endpoint said 410
    ENDED = "ended"  # by the partner


class EventSubscription(Model):
    """An endpoint of a partner and the types of events it is sent.

    `url` is the endpoint that was approved; `requested_url` is another one that waits for an administrator,
    while the approved one goes on receiving. Of two secrets the older signs along until its time is over.
    """

    __tablename__ = "registry_subscriptions"
    __table_args__ = (Index("ix_registry_subscriptions_partner", "partner_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("registry_partner_clients.id"))
    url: Mapped[str | None] = mapped_column(String(500))
    requested_url: Mapped[str | None] = mapped_column(String(500))
    types: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[SubscriptionState] = mapped_column(text_enum(SubscriptionState))
    reason: Mapped[str | None] = mapped_column(String(200))  # why it was refused or disabled
    secret_cipher: Mapped[str] = mapped_column(Text)
    old_secret_cipher: Mapped[str | None] = mapped_column(Text)
    old_secret_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
