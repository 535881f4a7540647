"""Tables of sites. What the registry owns is marked; nobody else writes it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum
from miniprogram_api.kernel.geo import Point, UnitVector, unit_vector


class SiteType(StrEnum):
    """The plan's six types 类型."""

    PARK = "park"
    FACTORY = "factory"
    BUILDING = "building"
    SCHOOL = "school"
    COMMUNITY = "community"
    SCENIC_AREA = "scenic_area"


class Level(StrEnum):
    """The plan's three levels 层次."""

    LOW_CARBON = "low_carbon"
    NEAR_ZERO = "near_zero"
    ZERO_CARBON = "zero_carbon"


class Lifecycle(StrEnum):
    """Where a project stands in the registry."""

    APPLIED = "applied"
    UNDER_REVIEW = "under_review"
    REJECTED = "rejected"
    PUBLIC_NOTICE = "public_notice"
    CONFIRMED = "confirmed"
    UNDER_CONSTRUCTION = "under_construction"
    TITLED = "titled"
    RE_REVIEW = "re_review"
    RECTIFYING = "rectifying"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    # Not steps of a project but of its record: the registry took it back, or no longer has it.
    RECALLED = "recalled"
    REMOVED = "removed"


# What stands for a record that the registry no longer stands by.
TAKEN_BACK = frozenset({Lifecycle.RECALLED, Lifecycle.REMOVED})


class Overlay(StrEnum):
    """Our own opening state over the registry's lifecycle."""

    NONE = "none"
    PREPARING = "preparing"
    PENDING_PUBLICATION = "pending_publication"
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class BookingMode(StrEnum):
    """Whether a visit is booked at all; booking must be optional per site."""

    NONE = "none"
    SLOTS = "slots"


def _unit_vector(row: DefaultExecutionContext) -> UnitVector:
    values = row.get_current_parameters()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    return unit_vector(Point(values["lng_gcj02"], values["lat_gcj02"]))


class Site(Model):
    """A project's public face here. `type`, `level` and `district` are open codes: an unknown one is kept."""

    __tablename__ = "sites_sites"
    __table_args__ = (
        Index("ix_sites_sites_listing", "listed_rank", "id"),  # the list's order: a page stops early
        CheckConstraint(
            "lng_gcj02 BETWEEN -180 AND 180 AND lat_gcj02 BETWEEN -90 AND 90", name="coordinates"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)

    # Registry-owned.
    project_id: Mapped[str] = mapped_column(String(40), unique=True)
    project_version: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(32))
    district: Mapped[str] = mapped_column(String(12))
    operator_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_organisations.id"), index=True)
    operator_name: Mapped[str | None] = mapped_column(String(120))
    lng_gcj02: Mapped[float]
    lat_gcj02: Mapped[float]
    source_lng: Mapped[float]
    source_lat: Mapped[float]
    source_crs: Mapped[str] = mapped_column(String(12))
    unit_x: Mapped[float] = mapped_column(default=lambda row: _unit_vector(row).x)  # for distances in SQL
    unit_y: Mapped[float] = mapped_column(default=lambda row: _unit_vector(row).y)
    unit_z: Mapped[float] = mapped_column(default=lambda row: _unit_vector(row).z)
    lifecycle: Mapped[Lifecycle] = mapped_column(text_enum(Lifecycle))
    lifecycle_since: Mapped[date | None]
    title_document_no: Mapped[str | None] = mapped_column(String(60))
    title_awarded_on: Mapped[date | None]
    title_valid_until: Mapped[date | None]
    re_review_due_on: Mapped[date | None]
    withdrawn_on: Mapped[date | None]
    withdrawal_effective_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawal_reason_code: Mapped[str | None] = mapped_column(String(40))
    withdrawal_document_no: Mapped[str | None] = mapped_column(String(60))
    education_base: Mapped[bool]
    education_base_since: Mapped[date | None]
    education_base_until: Mapped[date | None]  # the last day; a sweep ends the designation after it
    official_summary: Mapped[str | None] = mapped_column(Text)
    official_carbon_tonnes: Mapped[str | None] = mapped_column(String(24))  # CO2e a year, a decimal as text
    official_carbon_method: Mapped[str | None] = mapped_column(String(120))
    official_carbon_year: Mapped[int | None]
    official_media: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    share_class: Mapped[str | None] = mapped_column(String(16))
    registry_synced_at: Mapped[datetime] = mapped_column(UtcDateTime)

    # Site-owned.
    overlay: Mapped[Overlay] = mapped_column(text_enum(Overlay))
    overlay_reason: Mapped[str | None] = mapped_column(String(200))
    overlay_until: Mapped[date | None]
    booking_mode: Mapped[BookingMode] = mapped_column(text_enum(BookingMode))
    listed_rank: Mapped[int]
    summary: Mapped[str] = mapped_column(Text)
    summary_en: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(200))
    address_en: Mapped[str | None] = mapped_column(String(300))
    transport: Mapped[str | None] = mapped_column(Text)
    transport_en: Mapped[str | None] = mapped_column(Text)
    visitor_notice: Mapped[str | None] = mapped_column(Text)
    visitor_notice_en: Mapped[str | None] = mapped_column(Text)
    facilities: Mapped[list[str]] = mapped_column(JSON)
    accessibility: Mapped[list[str]] = mapped_column(JSON)
    work_phone: Mapped[str | None] = mapped_column(String(20))  # an office line, not a person's
    weekly_closing_weekday: Mapped[int | None]  # 1 Monday … 7 Sunday; None: open all week
    cover_photo_id: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    photos: Mapped[list["Photo"]] = relationship(
        back_populates="site", lazy="raise", order_by="Photo.position"
    )
    technologies: Mapped[list["Technology"]] = relationship(
        back_populates="site", lazy="raise", order_by="Technology.position"
    )
    indicators: Mapped[list["Indicator"]] = relationship(
        back_populates="site", lazy="raise", order_by="Indicator.year.desc()"
    )
    notices: Mapped[list["Notice"]] = relationship(
        back_populates="site", lazy="raise", order_by="Notice.created_at.desc()"
    )

    @property
    def location(self) -> Point:
        """Where it is, in GCJ-02."""
        return Point(self.lng_gcj02, self.lat_gcj02)


class Photo(Model):
    """A picture of a site, re-encoded on upload, always with alternative text."""

    __tablename__ = "sites_photos"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(80), unique=True)
    alt: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    site: Mapped[Site] = relationship(back_populates="photos", lazy="raise")


class Technology(Model):
    """A low-carbon technology shown at a site."""

    __tablename__ = "sites_technologies"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    description: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    site: Mapped[Site] = relationship(back_populates="technologies", lazy="raise")


class Indicator(Model):
    """A yearly value of an indicator the plan names for the site's type, with unit and source."""

    __tablename__ = "sites_indicators"
    # One that was taken off counts too: stating the year again takes its place.
    __table_args__ = (UniqueConstraint("site_id", "kind", "year"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    year: Mapped[int]
    value: Mapped[str] = mapped_column(String(24))  # a decimal as text: exact on both databases, never summed
    unit: Mapped[str] = mapped_column(String(30))
    source: Mapped[str] = mapped_column(String(200))
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    site: Mapped[Site] = relationship(back_populates="indicators", lazy="raise")


class Notice(Model):
    """Something visitors of a site should know for a while, such as works at the entrance."""

    __tablename__ = "sites_notices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    last_on: Mapped[date | None]  # the last day it is shown
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    site: Mapped[Site] = relationship(back_populates="notices", lazy="raise")


class LocalNote(Model):
    """What the site itself remarks, meanwhile, on data that the registry owns; shown as its own and dated."""

    __tablename__ = "sites_local_notes"
    __table_args__ = (Index("ix_sites_local_notes_site", "site_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    field: Mapped[str | None] = mapped_column(String(40))  # the registry's name of it; None: all of the site
    text: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OpeningRule(Model):
    """On which weekdays of which season a site opens, and how its day is cut into slots.

    Times are minutes after midnight in Beijing. Of several rules that apply to a day the highest priority
    wins.
    """

    __tablename__ = "sites_opening_rules"
    __table_args__ = (
        CheckConstraint(
            "opens_minute >= 0 AND closes_minute <= 1440 AND opens_minute < closes_minute", name="times"
        ),
        CheckConstraint("slot_minutes BETWEEN 5 AND 1440", name="slot_minutes"),
        CheckConstraint("capacity BETWEEN 1 AND 100000", name="capacity"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    weekdays: Mapped[list[int]] = mapped_column(JSON)  # 1 Monday … 7 Sunday
    season_from: Mapped[str | None] = mapped_column(
        String(5)
    )  # MM-DD, both or neither; may run over new year
    season_to: Mapped[str | None] = mapped_column(String(5))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]  # inclusive
    opens_minute: Mapped[int]
    closes_minute: Mapped[int]
    slot_minutes: Mapped[int]
    capacity: Mapped[int]
    child_capacity: Mapped[int | None]
    wheelchair_capacity: Mapped[int | None]
    sign_language_capacity: Mapped[int | None]
    day_capacity: Mapped[int | None]
    priority: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReasonCode(StrEnum):
    """Why a site closes, or opens out of turn."""

    MAINTENANCE = "maintenance"
    WEATHER = "weather"
    EVENT = "event"
    HOLIDAY = "holiday"
    SAFETY = "safety"
    OTHER = "other"


class ClosureKind(StrEnum):
    CLOSED = "closed"
    SPECIAL_OPENING = "special_opening"


class Closure(Model):
    """Days, or hours of them, on which a site is closed or open whatever its rules say, and why."""

    __tablename__ = "sites_closures"
    __table_args__ = (CheckConstraint("first_on <= last_on", name="days"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"), index=True)
    kind: Mapped[ClosureKind] = mapped_column(text_enum(ClosureKind))
    first_on: Mapped[date]
    last_on: Mapped[date]  # inclusive
    from_minute: Mapped[int | None]  # hours of each day; None: all day. A special opening gives both
    to_minute: Mapped[int | None]
    slot_minutes: Mapped[int | None]  # special openings only
    capacity: Mapped[int | None]
    reason_code: Mapped[ReasonCode] = mapped_column(text_enum(ReasonCode))
    public_text: Mapped[str] = mapped_column(String(200))
    amnesty: Mapped[bool]  # whether nobody is marked as a no-show on these days
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
