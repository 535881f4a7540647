"""Slots, the policies they are booked under, and the caps of days. The counters are the truth about seats."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class SlotState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class PolicyVersion(Model):
    """A site's booking rules as data, by version; a booking keeps the version it was made under."""

    __tablename__ = "visits_policies"
    __table_args__ = (UniqueConstraint("site_id", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    version: Mapped[int]
    effective_on: Mapped[date]  # slots of this day and later are made and booked under it
    numbers: Mapped[dict[str, Any]] = mapped_column(JSON)  # rules.policy.Policy as a mapping
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str | None] = mapped_column(String(64))
    default_version: Mapped[int | None]  # which version of the city's it follows; None: the site's own


class DefaultPolicy(Model):
    """The city's booking rules, by version: what a site follows that has stated none of its own."""

    __tablename__ = "visits_default_policies"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    effective_on: Mapped[date]
    numbers: Mapped[dict[str, Any]] = mapped_column(JSON)  # rules.policy.Policy as a mapping
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(64))


class Slot(Model):
    """A session of a site on a day. Its counters are the truth, changed by conditional UPDATE only."""

    __tablename__ = "visits_slots"
    __table_args__ = (
        UniqueConstraint("site_id", "starts_at"),
        Index("ix_visits_slots_day", "site_id", "visit_on", "state"),
        CheckConstraint("booked >= 0 AND held >= 0 AND booked + held <= capacity", name="seats"),
        CheckConstraint(
            "child_capacity IS NULL OR children_booked BETWEEN 0 AND child_capacity", name="children"
        ),
        CheckConstraint(
            "wheelchair_capacity IS NULL OR wheelchairs_booked BETWEEN 0 AND wheelchair_capacity",
            name="wheelchairs",
        ),
        CheckConstraint(
            "sign_language_capacity IS NULL OR sign_language_booked BETWEEN 0 AND sign_language_capacity",
            name="sign_language",
        ),
        CheckConstraint("starts_at < ends_at", name="times"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_opening_rules.id"))
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("visits_policies.id"))
    visit_on: Mapped[date] = mapped_column(index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    releases_at: Mapped[datetime] = mapped_column(UtcDateTime)  # bookable from here …
    books_until: Mapped[datetime] = mapped_column(UtcDateTime)  # … to here, exclusive
    capacity: Mapped[int]
    booked: Mapped[int]
    held: Mapped[int]
    child_capacity: Mapped[int | None]
    children_booked: Mapped[int]
    wheelchair_capacity: Mapped[int | None]
    wheelchairs_booked: Mapped[int]
    sign_language_capacity: Mapped[int | None]  # parties that can be guided in sign language
    sign_language_booked: Mapped[int] = mapped_column(default=0)
    state: Mapped[SlotState] = mapped_column(text_enum(SlotState))
    closed_reason: Mapped[str | None] = mapped_column(String(32))
    closed_text: Mapped[str | None] = mapped_column(String(200))
    closure_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites_closures.id"), index=True)
    amnesty: Mapped[bool]
    edited: Mapped[bool]  # changed by hand: regeneration leaves it alone
    provisional: Mapped[bool]  # in a year whose holidays are not gazetted: shown, not released
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DayCap(Model):
    """The seats of a site on a day, where the day has a cap of its own; claimed before the slot's."""

    __tablename__ = "visits_days"
    __table_args__ = (CheckConstraint("booked >= 0 AND booked <= capacity", name="seats"),)

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), primary_key=True)
    visit_on: Mapped[date] = mapped_column(primary_key=True)
    capacity: Mapped[int]
    booked: Mapped[int]  # held seats count too
