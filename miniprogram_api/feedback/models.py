"""Feedback of members, the states each has gone through, and the pictures that come with it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class FeedbackKind(StrEnum):
    SUGGESTION = "suggestion"
    QUESTION = "question"
    CORRECTION = "correction"
    PRAISE = "praise"


class SubjectType(StrEnum):
    """What feedback can be about."""

    ARTICLE = "article"
    SITE = "site"


class FeedbackState(StrEnum):
    CHECKING = "checking"  # the content check has not spoken
    HELD = "held"  # left to a person, or to a check that is down
    OPEN = "open"  # staff are to answer
    ANSWERED = "answered"
    CLOSED = "closed"  # ended without an answer
    REFUSED = "refused"  # not fit to be dealt with
    DROPPED = "dropped"  # its member left before it came to an end


class HeldBecause(StrEnum):
    RISKY = "risky"  # the check holds something against it
    REVIEW = "review"  # the check asks for a person's judgement
    UNCHECKED = "unchecked"  # the check cannot judge it at all
    SERVICE_DOWN = "service_down"  # the check is tried again, and a person may be quicker


class Finding(StrEnum):
    """What the content check said."""

    CLEAN = "pass"
    DOUBTFUL = "review"
    RISKY = "risky"


class PictureState(StrEnum):
    WAITING = "waiting"  # for the content check's verdict
    HELD = "held"  # for a person's
    SHOWN = "shown"
    HIDDEN = "hidden"


class Feedback(Model):
    """What a member says about an article or a site, until staff have answered.

    Staff are never told who wrote it. `next_attempt_at` is when the content check takes it up next,
    `attempts` which of its turns that will be; `told` counts what its member was told.
    """

    __tablename__ = "feedback_items"
    __table_args__ = (
        Index("ix_feedback_items_due", "next_attempt_at", "id"),
        Index("ix_feedback_items_desk", "state", "sent_at", "id"),
        Index("ix_feedback_items_own", "member_id", "sent_at", "id"),
        Index("ix_feedback_items_kept", "erased_at", "state_at"),
        CheckConstraint("(site_id IS NULL) <> (article_id IS NULL)", name="one_subject"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"))
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    article_id: Mapped[UUID | None] = mapped_column(ForeignKey("content_articles.id"), index=True)
    kind: Mapped[FeedbackKind | None] = mapped_column(text_enum(FeedbackKind))
    text_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "free_text"})
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[FeedbackState] = mapped_column(text_enum(FeedbackState))
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held_because: Mapped[HeldBecause | None] = mapped_column(text_enum(HeldBecause))
    finding: Mapped[Finding | None] = mapped_column(text_enum(Finding))
    reason_cipher: Mapped[str | None] = mapped_column(
        Text, info={"pii": "free_text"}
    )  # it may quote the text
    answer_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "free_text"})
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    corrected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the answer, which may be once
    told: Mapped[int] = mapped_column(SmallInteger)
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(80))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FeedbackStep(Model):
    """One state that feedback came into. Append-only."""

    __tablename__ = "feedback_steps"
    __table_args__ = (Index("ix_feedback_steps_of", "feedback_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(ForeignKey("feedback_items.id"))
    state: Mapped[FeedbackState] = mapped_column(text_enum(FeedbackState))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedbackPicture(Model):
    """A picture in the private store, uploaded before the feedback that it belongs to.

    `check_id` is what WeChat calls the present submission; of a former one nothing is heard any more.
    """

    __tablename__ = "feedback_pictures"
    __table_args__ = (
        UniqueConstraint("feedback_id", "position"),
        Index("ix_feedback_pictures_due", "next_attempt_at", "id"),
        Index("ix_feedback_pictures_unused", "feedback_id", "uploaded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    feedback_id: Mapped[UUID | None] = mapped_column(ForeignKey("feedback_items.id"))
    position: Mapped[int | None] = mapped_column(SmallInteger)
    file_name: Mapped[str] = mapped_column(String(40), unique=True)
    media_type: Mapped[str] = mapped_column(String(20))
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[PictureState] = mapped_column(text_enum(PictureState))
    finding: Mapped[Finding | None] = mapped_column(text_enum(Finding))
    check_id: Mapped[str | None] = mapped_column(String(128), unique=True)
    submissions: Mapped[int] = mapped_column(SmallInteger)
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(80))
