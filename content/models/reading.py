"""What members do with articles. Each row exists once, so that repeating a call changes nothing.

Nobody who reads waits for a row of the article: changes of its counts are rows of their own, added up by a
sweep.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime


class Read(Model):
    """That a member read an article on a Beijing day."""

    __tablename__ = "content_reads"
    __table_args__ = (Index("ix_content_reads_oldest", "day"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), primary_key=True, index=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class Like(Model):
    """That a member likes an article."""

    __tablename__ = "content_likes"

    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Favourite(Model):
    """That a member keeps an article to find it again."""

    __tablename__ = "content_favourites"
    __table_args__ = (Index("ix_content_favourites_own", "member_id", "created_at", "article_id"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ArticleCount(Model):
    """How often an article was read, liked and kept, as far as the sweep has added up.

    `forgotten` are those of its reads of which there is no row any more: they are too long ago, or of
    somebody who was erased.
    """

    __tablename__ = "content_counts"
    __table_args__ = (
        Index("ix_content_counts_most_read", "reads", "article_id"),
        CheckConstraint("reads >= 0 AND likes >= 0 AND favourites >= 0 AND forgotten >= 0", name="counts"),
    )

    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True)
    reads: Mapped[int]
    likes: Mapped[int]
    favourites: Mapped[int]
    forgotten: Mapped[int]


class CountChange(Model):
    """A change of counts that waits to be added up; `day` is Beijing's on which it came about."""

    __tablename__ = "content_count_changes"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"))
    day: Mapped[date]
    reads: Mapped[int] = mapped_column(default=0)
    likes: Mapped[int] = mapped_column(default=0)
    favourites: Mapped[int] = mapped_column(default=0)
    forgotten: Mapped[int] = mapped_column(default=0)


class SiteDay(Model):
    """What content did for a site on a Beijing day: articles about it that came out, and reads of such.

    An article that is retracted, or turns to another site, takes nothing back.
    """

    __tablename__ = "content_site_days"
    __table_args__ = (CheckConstraint("published >= 0 AND reads >= 0", name="counts"),)

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    published: Mapped[int]
    reads: Mapped[int]


class TopicFollow(Model):
    """That a member wants to hear of new articles of a topic."""

    __tablename__ = "content_topic_follows"

    topic_id: Mapped[UUID] = mapped_column(ForeignKey("content_topics.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QuizAttempt(Model):
    """A member's scored attempt at the questions of an article; one a Beijing day."""

    __tablename__ = "content_quiz_attempts"
    __table_args__ = (
        UniqueConstraint("article_id", "member_id", "day"),
        CheckConstraint("right_answers BETWEEN 0 AND questions", name="score"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"))
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("content_revisions.id"), index=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    day: Mapped[date]
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)  # question id → ids of the options chosen
    right_answers: Mapped[int] = mapped_column(SmallInteger)
    questions: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
