"""What gates admitted without a network, and where two of them let the same party in."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class ConflictState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"  # by a person, with a note
    DISSOLVED = "dissolved"  # what it lost against was taken back


class OfflineScan(Model):
    """A scan that waits its turn by the time it was made, not by the time we heard of it.

    What its scan row says (result, seats) may change when an earlier one of the same booking is heard of.
    """

    __tablename__ = "visits_offline_scans"
    __table_args__ = (CheckConstraint("heads >= 0", name="heads"),)

    scan_id: Mapped[UUID] = mapped_column(ForeignKey("visits_scans.id"), primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("visits_bookings.id"), index=True)
    heads: Mapped[int | None]  # how many the gate let in; None: all who had not come yet


class GateConflict(Model):
    """People whom a gate let in without a network, and for whom the booking has no places left."""

    __tablename__ = "visits_conflicts"
    __table_args__ = (
        Index("ix_visits_conflicts_site_opened", "site_id", "opened_at"),
        CheckConstraint("heads > 0", name="heads"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scan_id: Mapped[UUID] = mapped_column(ForeignKey("visits_scans.id"), unique=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("visits_bookings.id"), index=True)
    heads: Mapped[int]  # of the party, let in beyond what the booking admits
    state: Mapped[ConflictState] = mapped_column(text_enum(ConflictState))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(200))
