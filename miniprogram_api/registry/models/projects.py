"""What we hold of each project of the registry, whole and as it was given."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class ProjectState(StrEnum):
    """Whether the last record holds."""

    LIVE = "live"
    RECALLED = "recalled"  # not to be shown, kept for the audit
    REMOVED = "removed"  # a tombstone: the registry no longer has it


class HeldProject(Model):
    """The last record of a project that was taken over, and what of it lists and notices ask for.

    `data` is the registry's full state as it came, unknown fields included. `frozen_at` is set while a dead
    letter stands in its way. `site_id` is empty until the record says where the project is.
    """

    __tablename__ = "registry_projects"
    __table_args__ = (Index("ix_registry_projects_notice", "lifecycle", "notice_until", "project_id"),)

    project_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_sites.id"), unique=True)
    version: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[ProjectState] = mapped_column(text_enum(ProjectState))
    lifecycle: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(120))
    type_code: Mapped[str] = mapped_column(String(32))
    level_code: Mapped[str] = mapped_column(String(32))
    district_code: Mapped[str] = mapped_column(String(12))
    operator_name: Mapped[str | None] = mapped_column(String(120))
    notice_from: Mapped[date | None]
    notice_until: Mapped[date | None]  # the first day on which no objection is taken any more
    notice_url: Mapped[str | None] = mapped_column(String(500))
    notice_doc_no: Mapped[str | None] = mapped_column(String(60))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
