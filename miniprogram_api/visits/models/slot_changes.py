"""Changes of many slots at once, kept with what they did to bookings so that they can be taken back."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class SlotAct(StrEnum):
    """What is done to slots."""

    CAPACITY = "capacity"
    CLOSE = "close"
    REOPEN = "reopen"
    CLOSE_DAYS = "close_days"  # by a closure of the site


class Treatment(StrEnum):
    """What becomes of the bookings that a change hits."""

    KEEP = "keep"
    MOVE = "move"
    CANCEL = "cancel"


class SlotChange(Model):
    """One change of many slots. `slots` holds, for each, its columns before and after."""

    __tablename__ = "visits_slot_changes"
    __table_args__ = (Index("ix_visits_slot_changes_site", "site_id", "made_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    act: Mapped[SlotAct] = mapped_column(text_enum(SlotAct))
    treatment: Mapped[Treatment] = mapped_column(text_enum(Treatment))
    closure_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_closures.id"))
    public_text: Mapped[str | None] = mapped_column(String(200))
    slots: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(80))
    undo_until: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by: Mapped[str | None] = mapped_column(String(80))


class Outcome(StrEnum):
    """What became of a booking when its change was taken back; all but the first say why it stays so."""

    RESTORED = "restored"
    CHANGED = "changed"  # somebody changed it meanwhile
    BEGUN = "begun"
    FULL = "full"  # its places went to others, or its slot does not open
    OTHER_VISIT = "other_visit"  # the same people have another visit then
    ERASED = "erased"


class ChangedBooking(Model):
    """A booking that a change hit. `revision` is the one it has after the change."""

    __tablename__ = "visits_changed_bookings"

    change_id: Mapped[UUID] = mapped_column(ForeignKey("visits_slot_changes.id"), primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("visits_bookings.id"), primary_key=True, index=True)
    effect: Mapped[Treatment] = mapped_column(text_enum(Treatment))
    slot_before: Mapped[UUID] = mapped_column(ForeignKey("visits_slots.id"), index=True)
    slot_after: Mapped[UUID | None] = mapped_column(ForeignKey("visits_slots.id"), index=True)
    revision: Mapped[int]
    outcome: Mapped[Outcome | None] = mapped_column(text_enum(Outcome))
