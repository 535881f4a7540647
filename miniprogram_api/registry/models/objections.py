"""Objections to public notices, the steps each has gone through, and the pictures that come with them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum

MOST_PER_DAY = 3


class ObjectionState(StrEnum):
    CHECKING = "checking"  # the content check has not spoken
    HELD = "held"  # left to a person, or to a check that is down
    REFUSED = "refused"  # not fit to be passed on
    QUEUED = "queued"  # on its way to the registry
    DELIVERED = "delivered"
    RETURNED = "returned"  # the registry does not take it
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ANSWERED = "answered"
    DROPPED = "dropped"  # its member left, or took the consent back, before it was delivered


class HeldBecause(StrEnum):
    REVIEW = "review"  # the check asks for a person's judgement
    UNCHECKED = "unchecked"  # the check cannot judge it at all
    SERVICE_DOWN = "service_down"  # the check is tried again, and a person may be quicker


class Finding(StrEnum):
    """What the content check said of a picture."""

    CLEAN = "pass"
    DOUBTFUL = "review"
    RISKY = "risky"


class Objection(Model):
    """What somebody says against a project under public notice, from filing to the registry's answer.

    Who says it is known to the registry and to nobody else. `next_attempt_at` is when background work takes
    it up next, `attempts` which of its turns that will be.
    """

    __tablename__ = "registry_objections"
    __table_args__ = (
        UniqueConstraint("member_id", "project_id", "filed_on", "ordinal"),
        Index("ix_registry_objections_due", "state", "next_attempt_at"),
        Index("ix_registry_objections_own", "member_id", "filed_at", "id"),
        Index("ix_registry_objections_kept", "erased_at", "state_at"),
        CheckConstraint(f"ordinal BETWEEN 1 AND {MOST_PER_DAY}", name="ordinal"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("registry_projects.project_id"), index=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"))
    filed_on: Mapped[date]
    ordinal: Mapped[int] = mapped_column(SmallInteger)  # which of the member's of that day
    title_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "free_text"})
    text_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "free_text"})
    name_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "name"})
    phone_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "contact"})
    consent_version: Mapped[str] = mapped_column(String(20))
    consent_sha256: Mapped[str] = mapped_column(String(64))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[ObjectionState] = mapped_column(text_enum(ObjectionState))
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held_because: Mapped[HeldBecause | None] = mapped_column(text_enum(HeldBecause))
    text_cleared: Mapped[bool]  # the text has passed the content check; its pictures may not have
    refusal_reason: Mapped[str | None] = mapped_column(String(200))
    registry_id: Mapped[str | None] = mapped_column(String(80), index=True)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "free_text"})
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(80))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ObjectionStep(Model):
    """One state an objection came into. Append-only."""

    __tablename__ = "registry_objection_steps"
    __table_args__ = (Index("ix_registry_objection_steps_of", "objection_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    objection_id: Mapped[UUID] = mapped_column(ForeignKey("registry_objections.id"))
    state: Mapped[ObjectionState] = mapped_column(text_enum(ObjectionState))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ObjectionFile(Model):
    """A picture in the private store, uploaded before the objection that it belongs to."""

    __tablename__ = "registry_objection_files"
    __table_args__ = (
        UniqueConstraint("objection_id", "position"),
        Index("ix_registry_objection_files_unused", "objection_id", "uploaded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    objection_id: Mapped[UUID | None] = mapped_column(ForeignKey("registry_objections.id"))
    position: Mapped[int | None] = mapped_column(SmallInteger)
    file_name: Mapped[str] = mapped_column(String(40), unique=True)
    media_type: Mapped[str] = mapped_column(String(20))
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    check_id: Mapped[str | None] = mapped_column(String(128), unique=True)  # WeChat's trace id
    finding: Mapped[Finding | None] = mapped_column(text_enum(Finding))
