"""What a comparison with the registry found, and what the registry says to it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class Kind(StrEnum):
    """The classes of a comparison."""

    MATCH = "match"
    BEHIND = "behind"
    AHEAD = "ahead"
    DIGEST_MISMATCH = "digest_mismatch"
    MISSING_HERE = "missing_here"
    UNKNOWN_THERE = "unknown_there"
    LIFECYCLE_ILLEGAL = "lifecycle_illegal"
    BOOKINGS_ON_CLOSED = "bookings_on_closed"


class Decision(StrEnum):
    """What a person made of a difference that no repair ended."""

    ACCEPTED = "accepted"  # the registry is right, and we follow
    KEPT = "kept"  # it stays as it is for now


class ReconciliationReport(Model):
    """One comparison; `counts` is how many projects were found in each class, before any repair."""

    __tablename__ = "registry_reports"
    __table_args__ = (Index("ix_registry_reports_started", "started_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # The business day of a nightly comparison, of which there is one; None: it was asked for.
    night: Mapped[date | None] = mapped_column(unique=True)
    feed_epoch: Mapped[str | None] = mapped_column(String(80))
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the registry's own time of its snapshot
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(200))
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    repaired: Mapped[int]


class Difference(Model):
    """One project that did not match, what was tried, and since when it has been so."""

    __tablename__ = "registry_differences"
    __table_args__ = (Index("ix_registry_differences_report", "report_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("registry_reports.id"))
    kind: Mapped[Kind] = mapped_column(text_enum(Kind))
    project_id: Mapped[str] = mapped_column(String(80))
    held_version: Mapped[int | None] = mapped_column(BigInteger)
    their_version: Mapped[int | None] = mapped_column(BigInteger)
    held_digest: Mapped[str | None] = mapped_column(String(64))
    their_digest: Mapped[str | None] = mapped_column(String(64))
    repaired: Mapped[bool]
    outcome: Mapped[str] = mapped_column(String(80))  # what the repair came to, or why there was none
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[Decision | None] = mapped_column(text_enum(Decision))  # a person's, where none mended it
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_reason: Mapped[str | None] = mapped_column(String(200))


class ReportAck(Model):
    """The registry's acceptance of a report, or its objection."""

    __tablename__ = "registry_report_acks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("registry_reports.id"), index=True)
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("registry_partner_clients.id"))
    accepted: Mapped[bool]
    project_ids: Mapped[list[str]] = mapped_column(JSON)
    comment: Mapped[str | None] = mapped_column(String(1000))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
