"""Withdrawals as they are carried out here, and who has been called about them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class WithdrawalState(StrEnum):
    RUNNING = "running"
    SUPERSEDED = "superseded"  # a newer version of the withdrawal goes on in its place
    COMPLETED = "completed"


class WithdrawalCase(Model):
    """One version of a project that withdraws it, and how far that has been carried out.

    Whom to call is not kept: it follows from the bookings that the case cancelled.
    """

    __tablename__ = "registry_withdrawals"
    __table_args__ = (
        UniqueConstraint("project_id", "version"),
        Index("ix_registry_withdrawals_site", "site_id", "opened_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(BigInteger)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    state: Mapped[WithdrawalState] = mapped_column(text_enum(WithdrawalState), index=True)
    effective_at: Mapped[datetime] = mapped_column(UtcDateTime)  # visits that begin before it are honoured
    reason_code: Mapped[str | None] = mapped_column(String(40))
    doc_no: Mapped[str | None] = mapped_column(String(60))
    slots_closed: Mapped[int]
    bookings_cancelled: Mapped[int]
    people_notified: Mapped[int]  # members with a message in their inbox
    unreachable: Mapped[int]  # bookings of nobody who has an inbox: these are called
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WithdrawalCall(Model):
    """A tick on the list of people to call."""

    __tablename__ = "registry_withdrawal_calls"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("registry_withdrawals.id"), primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("visits_bookings.id"), primary_key=True)
    called_at: Mapped[datetime] = mapped_column(UtcDateTime)
    called_by: Mapped[str] = mapped_column(String(64))
