"""Corrections that staff ask the registry for."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class CorrectionState(StrEnum):
    """Ours until the registry has it, then the registry's word."""

    PENDING = "pending"  # not delivered yet
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    APPLIED = "applied"
    REFUSED = "refused"  # the registry did not take the request itself


OPEN_CORRECTIONS = (CorrectionState.PENDING, CorrectionState.RECEIVED, CorrectionState.ACCEPTED)


class Correction(Model):
    """What staff hold to be wrong in the registry's data of a site; the held value is ours of then."""

    __tablename__ = "registry_corrections"
    __table_args__ = (
        Index("ix_registry_corrections_site", "site_id", "filed_at", "id"),
        Index("ix_registry_corrections_due", "state", "next_attempt_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    project_id: Mapped[str] = mapped_column(String(40))
    field: Mapped[str] = mapped_column(String(40))
    held_value: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    claimed_value: Mapped[str] = mapped_column(String(1000))
    evidence_url: Mapped[str | None] = mapped_column(String(500))
    note: Mapped[str | None] = mapped_column(String(1000))
    state: Mapped[CorrectionState] = mapped_column(text_enum(CorrectionState))
    registry_id: Mapped[str | None] = mapped_column(String(80))
    answer: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    filed_by: Mapped[UUID]
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(80))
