"""What the product knows of a member as a visitor: strikes and bars."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class StrikeKind(StrEnum):
    NO_SHOW = "no_show"
    LATE_CANCEL = "late_cancel"


class Standing(Model):
    """What the product knows of a member as a visitor.

    `revision` is compared and raised by each booking of the member, which makes rules that look at several of
    their bookings (limits, overlaps) hold when two requests run at once.
    """

    __tablename__ = "visits_standings"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), primary_key=True)
    revision: Mapped[int]
    barred_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Strike(Model):
    """A no-show or a late cancellation, in half strikes: 2 and 1 by default.

    A visit that was moved late and then missed is both.
    """

    __tablename__ = "visits_strikes"
    __table_args__ = (UniqueConstraint("booking_id", "kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("visits_bookings.id"))
    kind: Mapped[StrikeKind] = mapped_column(text_enum(StrikeKind))
    half_points: Mapped[int] = mapped_column(SmallInteger)
    struck_at: Mapped[datetime] = mapped_column(UtcDateTime)
    counts_until: Mapped[datetime] = mapped_column(UtcDateTime)
    waived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    waive_reason: Mapped[str | None] = mapped_column(String(200))
