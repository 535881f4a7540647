"""Articles, their revisions, and what is decided about their publishing.

An article is what has an address; what it says is in its revisions, which never change. The live one is
shown, the latest one is worked on. What lists are made of stands on the article itself.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class ArticleKind(StrEnum):
    KNOWLEDGE = "knowledge"
    NEWS = "news"
    TECHNOLOGY = "technology"


class ContentClass(StrEnum):
    """How carefully a text is reviewed before it is published."""

    NORMAL = "normal"
    IMPORTANT = "important"
    SENSITIVE = "sensitive"


class Audience(StrEnum):
    """Whom a text is written for; everybody may read it."""

    EVERYONE = "everyone"
    SCHOOLS = "schools"
    COMMUNITIES = "communities"
    VISITORS = "visitors"


class Standing(StrEnum):
    """What the public sees of an article."""

    DRAFT = "draft"  # never published
    LIVE = "live"
    RETRACTED = "retracted"
    EXPIRED = "expired"


class Topic(Model):
    """A subject under which articles are gathered, and which members follow."""

    __tablename__ = "content_topics"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    summary: Mapped[str] = mapped_column(String(120))
    cover_asset_id: Mapped[UUID | None] = mapped_column(ForeignKey("content_assets.id"), index=True)
    position: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Article(Model):
    """A piece of content under one address. It belongs to a site's desk, an organisation's, or the city's.

    `title`, `kind`, `summary` and `cover_asset_id` are those of what is shown, or of the latest revision
    while nothing is. `latest_number` counts its revisions: who saves names the one they started from.
    """

    __tablename__ = "content_articles"
    __table_args__ = (
        # The feed: those shown, the pinned ones first, then the newest.
        Index("ix_content_articles_feed", "standing", "pinned", "published_at", "id"),
        Index("ix_content_articles_feed_of_kind", "standing", "kind", "pinned", "published_at", "id"),
        Index("ix_content_articles_desk", "edited_at", "id"),
        Index("ix_content_articles_expiring", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
        Index(
            "ix_content_articles_pinned", "pinned_until", postgresql_where=text("pinned_until IS NOT NULL")
        ),
        CheckConstraint("standing <> 'live' OR live_revision_id IS NOT NULL", name="live_shows_a_revision"),
        CheckConstraint("standing <> 'live' OR published_at IS NOT NULL", name="live_since_when"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_organisations.id"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)  # who answers for it
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    latest_number: Mapped[int]
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)  # in the bin for thirty days

    standing: Mapped[Standing] = mapped_column(text_enum(Standing))
    live_revision_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(String(64))
    kind: Mapped[ArticleKind] = mapped_column(text_enum(ArticleKind))
    summary: Mapped[str] = mapped_column(String(120))
    cover_asset_id: Mapped[UUID | None] = mapped_column(ForeignKey("content_assets.id"), index=True)
    published_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # for the first time: its place in lists
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when what is shown became so
    pinned: Mapped[bool] = mapped_column(default=False)
    pinned_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retracted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retract_reason: Mapped[str | None] = mapped_column(String(200))


class Revision(Model):
    """What an article said when it was saved. Append-only.

    `content_hash` is of everything that is reviewed; two revisions that say the same have the same.
    """

    __tablename__ = "content_revisions"
    __table_args__ = (UniqueConstraint("article_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"))
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(64))
    summary: Mapped[str] = mapped_column(String(120))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)  # a document of `rendering.schema`
    cover_asset_id: Mapped[UUID | None] = mapped_column(ForeignKey("content_assets.id"), index=True)
    kind: Mapped[ArticleKind] = mapped_column(text_enum(ArticleKind))
    content_class: Mapped[ContentClass] = mapped_column(text_enum(ContentClass))
    audience: Mapped[Audience] = mapped_column(text_enum(Audience))
    topic_ids: Mapped[list[str]] = mapped_column(JSON)
    site_ids: Mapped[list[str]] = mapped_column(JSON)
    technologies: Mapped[list[str]] = mapped_column(JSON)
    byline: Mapped[str] = mapped_column(String(40))
    source_name: Mapped[str] = mapped_column(String(60))
    source_url: Mapped[str] = mapped_column(String(300))
    quiz: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # questions of `rules.quiz`
    characters: Mapped[int]  # of the body's text
    autosaved: Mapped[bool]
    restored_from: Mapped[int | None]
    saved_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Placement(Model):
    """A topic that a shown article stands under."""

    __tablename__ = "content_placements"

    topic_id: Mapped[UUID] = mapped_column(ForeignKey("content_topics.id"), primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True, index=True)


class ArticleSite(Model):
    """A site that a shown article is about."""

    __tablename__ = "content_article_sites"

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True, index=True)


class Plan(Model):
    """That a revision is to be published at an instant. It goes when that is done, and never before.

    A failed attempt is noted here and tried again; `next_attempt_at` says when.
    """

    __tablename__ = "content_plans"
    __table_args__ = (Index("ix_content_plans_due", "next_attempt_at", "article_id"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True)
    revision_id: Mapped[UUID] = mapped_column(ForeignKey("content_revisions.id"), index=True)
    publish_at: Mapped[datetime] = mapped_column(UtcDateTime)
    pinned_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    push: Mapped[bool]  # tell those who follow its topics
    official: Mapped[bool]  # send it to the official account
    planned_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    planned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(80))  # the code of what went wrong last
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ArticleLock(Model):
    """Who has an article open in an editor, until when unless they say so again. A notice, not a bar."""

    __tablename__ = "content_locks"

    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"), primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    tab: Mapped[str] = mapped_column(String(40))  # tells two windows of one person apart
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
