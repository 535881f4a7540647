"""Tables of engagement: the figures of each day, the feed of their revisions, and what is to be recounted."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel import feeds
from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum
from miniprogram_api.kernel.feeds import Feed, PlacedInFeed


class Reason(StrEnum):
    """Why a day has another revision."""

    INITIAL = "initial"
    LATE_SCAN = "late_scan"
    CORRECTION = "correction"
    ERASURE = "erasure"
    FACTOR_CHANGE = "factor_change"
    FINAL = "final"  # nothing but that the day is final now


class Operation(StrEnum):
    """What a reader of the feed does with a row."""

    UPSERT = "upsert"
    TOMBSTONE = "tombstone"


class EngagementDay(Model):
    """The figures of a project on a Beijing day as they were last counted, and what of them was let out.

    The columns of figures are for counting and checking; `shown` is what leaves, made by the rules. A figure
    that nobody can tell or nobody counts is NULL, never zero. `revision` counts what left, and is 0 until
    anything has.
    """

    __tablename__ = "engagement_days"
    __table_args__ = (
        Index("ix_engagement_days_listing", "counted_on", "project_id"),
        CheckConstraint("ratings_n >= 0 AND rating_sum >= 0 AND avoided_co2_g >= 0", name="figures"),
    )

    project_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    counted_on: Mapped[date] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    bookings: Mapped[int]
    cancellations: Mapped[int]
    no_shows: Mapped[int]
    visitors: Mapped[int]
    school_groups: Mapped[int | None]
    group_visitors: Mapped[int | None]
    minors_under14: Mapped[int | None]
    minors_14_17: Mapped[int | None]
    green_checkins: Mapped[int | None]
    avoided_co2_g: Mapped[int | None] = mapped_column(BigInteger)
    factor_set: Mapped[str | None] = mapped_column(String(40))
    content_published: Mapped[int | None]
    content_views: Mapped[int | None]
    ratings_n: Mapped[int | None]
    rating_sum: Mapped[int | None]
    shown: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    revision: Mapped[int]
    reason: Mapped[Reason | None] = mapped_column(text_enum(Reason))
    final: Mapped[bool]
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    generated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of what is shown
    retracted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # no longer given away


class DayRevision(PlacedInFeed, Model):
    """A revision of a day as it left; append-only, and the history that the rules look at."""

    __tablename__ = "engagement_day_revisions"
    __table_args__ = (
        UniqueConstraint("project_id", "counted_on", "revision"),
        Index(
            "ix_engagement_day_revisions_unplaced",
            "revision",
            "id",
            sqlite_where=text("feed_seq IS NULL"),
            postgresql_where=text("feed_seq IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(String(40))
    counted_on: Mapped[date]
    revision: Mapped[int]
    operation: Mapped[Operation] = mapped_column(text_enum(Operation))
    reason: Mapped[Reason] = mapped_column(text_enum(Reason))
    shown: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    final: Mapped[bool]
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)


REVISIONS: Feed[DayRevision] = feeds.declare(
    Feed("engagement.days", DayRevision, order=(DayRevision.revision, DayRevision.id))
)


class DayToRecount(Model):
    """A day of a site whose figures may have changed; gone once it was counted again."""

    __tablename__ = "engagement_days_to_recount"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), primary_key=True)
    counted_on: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[Reason] = mapped_column(text_enum(Reason))
    marked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Progress(Model):
    """One row: how far the changes of visits were followed, and the last day that was closed."""

    __tablename__ = "engagement_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    followed_sequence: Mapped[int] = mapped_column(BigInteger)
    closed_on: Mapped[date | None]
