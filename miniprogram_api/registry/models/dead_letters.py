"""Records that could not be taken over, until a person or a later record settles them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class DeadLetterClass(StrEnum):
    """What is wrong with a record."""

    SCHEMA_INVALID = "schema_invalid"
    DIGEST_MISMATCH = "digest_mismatch"  # the digest is not that of its own data
    CONFLICT = "conflict"  # the version we hold, with other data
    PROCESSING = "processing"  # it reads well, and taking it over failed


class DeadLetterState(StrEnum):
    """How far it is settled."""

    RETRYING = "retrying"  # taking it over is tried again by itself
    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    CLEARED = "cleared"  # a later valid record made it pointless


UNSETTLED = (DeadLetterState.RETRYING, DeadLetterState.OPEN)


class DeadLetter(Model):
    """One record as it came. A payload too large to keep is known by its hash and size alone.

    `project_id` and `version` are what it claims, where that can be read at all.
    """

    __tablename__ = "registry_dead_letters"
    __table_args__ = (
        Index("ix_registry_dead_letters_state", "state", "first_seen_at", "id"),
        Index("ix_registry_dead_letters_project", "project_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payload_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    payload_bytes: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[str | None] = mapped_column(Text)  # its JSON
    project_id: Mapped[str | None] = mapped_column(String(40))
    version: Mapped[int | None] = mapped_column(BigInteger)
    feed_epoch: Mapped[str | None] = mapped_column(String(80))
    kind: Mapped[DeadLetterClass] = mapped_column(text_enum(DeadLetterClass))
    detail: Mapped[str] = mapped_column(String(200))  # where and which rule; never a value
    state: Mapped[DeadLetterState] = mapped_column(text_enum(DeadLetterState))
    attempts: Mapped[int]
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(Text)
    discard_asked_by: Mapped[str | None] = mapped_column(String(64))  # another person has to agree
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
