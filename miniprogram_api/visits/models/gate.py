"""What gates saw: scans and departures."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class ScanResult(StrEnum):
    OK = "ok"
    ALREADY_USED = "already_used"
    REVOKED = "revoked"
    WRONG_SITE = "wrong_site"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    INVALID = "invalid"


class Scan(Model):
    """Everything a gate ever saw, append-only; `annulled_at` is the one thing that may be added later."""

    __tablename__ = "visits_scans"
    __table_args__ = (
        UniqueConstraint("scanner", "nonce"),
        Index("ix_visits_scans_site_time", "site_id", "scanned_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    scanner: Mapped[str] = mapped_column(String(64))  # "device:<id>" or "staff:<id>"
    nonce: Mapped[str] = mapped_column(String(64))
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("visits_tickets.id"), index=True)
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("visits_bookings.id"), index=True)
    result: Mapped[ScanResult] = mapped_column(text_enum(ScanResult))
    seats: Mapped[int]  # admitted by this scan; 0 unless ok
    # Of the booking after this scan, and how many it still admits: the answer, to give it again.
    admitted: Mapped[int]
    remaining: Mapped[int]
    scanned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    annulled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    annulled_by: Mapped[str | None] = mapped_column(String(64))
    annul_reason: Mapped[str | None] = mapped_column(String(200))


class Departure(Model):
    """People who left, counted at the gate; inside = admitted minus departed."""

    __tablename__ = "visits_departures"
    __table_args__ = (
        UniqueConstraint("scanner", "nonce"),
        Index("ix_visits_departures_site_time", "site_id", "left_at"),
        CheckConstraint("seats >= 0", name="seats"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    scanner: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    seats: Mapped[int]  # counted: never more than were inside
    left_at: Mapped[datetime] = mapped_column(UtcDateTime)
