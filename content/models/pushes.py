"""What is sent out of an article: to those who follow its topics, and to the official account."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class Push(Model):
    """That those who follow an article's topics are told of it; once for each revision.

    Batches walk the followers by their id; `told_through` is the last one told, `told` how many were.
    """

    __tablename__ = "content_pushes"
    __table_args__ = (UniqueConstraint("article_id", "revision_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("content_revisions.id"), index=True)
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_through: Mapped[UUID | None]
    told: Mapped[int]
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OfficialState(StrEnum):
    """How far an article has come on its way into the official account."""

    PENDING = "pending"
    SENDING = "sending"
    DRAFT = "draft"  # lies there, to be published by hand or by us
    QUEUED = "queued"  # WeChat has been asked to publish it, and has not told the result
    PUBLISHED = "published"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may have arrived: it is never sent again by itself


class OfficialPost(Model):
    """An article's way into the official account, one for each revision that is sent there."""

    __tablename__ = "content_official_posts"
    __table_args__ = (
        UniqueConstraint("article_id", "revision_id"),
        Index("ix_content_official_posts_due", "state", "next_attempt_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("content_revisions.id"), index=True)
    publish: Mapped[bool]  # ask WeChat to publish it once it is a draft there
    state: Mapped[OfficialState] = mapped_column(text_enum(OfficialState))
    media_id: Mapped[str | None] = mapped_column(String(128))
    publish_id: Mapped[str | None] = mapped_column(String(64), index=True)
    url: Mapped[str | None] = mapped_column(String(400))
    outcome: Mapped[str | None] = mapped_column(String(80))
    attempts: Mapped[int] = mapped_column(SmallInteger)  # claims so far: tells one from the next
    tries: Mapped[int] = mapped_column(SmallInteger)  # at the step it is at
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OfficialMedia(Model):
    """A picture as the official account has it: permanent material for covers, an address for text."""

    __tablename__ = "content_official_media"

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("content_assets.id"), primary_key=True)
    use: Mapped[str] = mapped_column(String(10), primary_key=True)  # cover or inline
    reference: Mapped[str] = mapped_column(String(400))  # the media id, or the address
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
