"""Word lists: what staff keep of wrong and of sensitive words, every change a version of its list."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class WordList(StrEnum):
    WRONG = "wrong"
    SENSITIVE = "sensitive"


class WordListVersion(Model):
    """A change of a list: which, by whom, when. Append-only."""

    __tablename__ = "content_word_versions"
    __table_args__ = (UniqueConstraint("list", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    list: Mapped[WordList] = mapped_column(text_enum(WordList))
    number: Mapped[int]
    change: Mapped[str] = mapped_column(String(120))
    changed_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Word(Model):
    """A word of a list, from one version of it until another."""

    __tablename__ = "content_words"
    __table_args__ = (
        Index(
            "uq_content_words_listed",
            "list",
            "word",
            unique=True,
            sqlite_where=text("until_version IS NULL"),
            postgresql_where=text("until_version IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    list: Mapped[WordList] = mapped_column(text_enum(WordList))
    word: Mapped[str] = mapped_column(String(40))
    suggestion: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(String(120))
    from_version: Mapped[int]
    until_version: Mapped[int | None]


class WordOverride(Model):
    """That a listed word may stand in an article, and why. Append-only."""

    __tablename__ = "content_word_overrides"
    __table_args__ = (UniqueConstraint("article_id", "list", "word"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("content_articles.id"))
    list: Mapped[WordList] = mapped_column(text_enum(WordList))
    word: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(200))
    allowed_by: Mapped[UUID] = mapped_column(ForeignKey("identity_staff.id"), index=True)
    allowed_at: Mapped[datetime] = mapped_column(UtcDateTime)
