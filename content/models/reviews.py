"""Review: 三审三校. A submission puts one text forward; each step decides about the hash of that text."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class Step(StrEnum):
    """初审, 复审, 终审, in their order."""

    FIRST = "first"
    SECOND = "second"
    FINAL = "final"


class SubmissionState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"  # the text was changed


class Decision(StrEnum):
    APPROVED = "approved"
    RETURNED = "returned"


class Submission(Model):
    """A text put forward for review, with the steps its class asks for. An article has one at a time."""

    __tablename__ = "content_submissions"
    __table_args__ = (
        Index(
            "uq_content_submissions_standing",
            "article_id",
            unique=True,
            sqlite_where=text("state IN ('open', 'approved')"),
            postgresql_where=text("state IN ('open', 'approved')"),
        ),
        Index("ix_content_submissions_waiting", "state", "submitted_at", "id"),
        CheckConstraint("steps BETWEEN 1 AND 3 AND approved_steps BETWEEN 0 AND steps", name="steps"),
        CheckConstraint("state <> 'approved' OR approved_steps = steps", name="approved_means_all_steps"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), index=True)
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("content_revisions.id"), index=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    steps: Mapped[int] = mapped_column(SmallInteger)
    approved_steps: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[SubmissionState] = mapped_column(text_enum(SubmissionState))
    submitted_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Review(Model):
    """A decision of one person at one step about one text. Only its taking back is ever added."""

    __tablename__ = "content_reviews"
    __table_args__ = (
        Index(
            "uq_content_reviews_step",
            "submission_id",
            "step",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index(
            "uq_content_reviews_reviewer",
            "submission_id",
            "reviewer_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("content_submissions.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    step: Mapped[Step] = mapped_column(text_enum(Step))
    decision: Mapped[Decision] = mapped_column(text_enum(Decision))
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(Text)
    block: Mapped[int | None]  # which block of the body the note is about, from 0
    quote: Mapped[str | None] = mapped_column(String(200))  # how that block began
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
