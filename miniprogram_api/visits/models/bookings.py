"""Bookings with their visitors and tickets, and the holds that precede them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from miniprogram_api.kernel.db import Model, UtcDateTime, text_enum


class BookingStatus(StrEnum):
    CONFIRMED = "confirmed"
    PARTLY_ADMITTED = "partly_admitted"
    ADMITTED = "admitted"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


ACTIVE = (BookingStatus.CONFIRMED, BookingStatus.PARTLY_ADMITTED, BookingStatus.ADMITTED)
_ACTIVE_SQL = "status IN ('confirmed', 'partly_admitted', 'admitted')"
# A phone stands for a caller, who has no account; staff may override that for a reason.
_CALLERS_SQL = f"{_ACTIVE_SQL} AND member_id IS NULL AND NOT overridden AND contact_phone_index IS NOT NULL"


class Channel(StrEnum):
    APP = "app"
    PHONE = "phone"
    WINDOW = "window"
    WALK_IN = "walk_in"


class HoldState(StrEnum):
    ACTIVE = "active"
    USED = "used"
    RELEASED = "released"
    EXPIRED = "expired"


class TicketState(StrEnum):
    CURRENT = "current"
    REVOKED = "revoked"


class Hold(Model):
    """Seats kept for a member for some minutes while they fill in the form."""

    __tablename__ = "visits_holds"
    __table_args__ = (
        Index("ix_visits_holds_expiry", "slot_id", "state", "expires_at"),
        Index(
            "uq_visits_holds_member_slot",
            "member_id",
            "slot_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        CheckConstraint("seats > 0", name="seats"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("visits_slots.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("identity_members.id"), index=True)
    seats: Mapped[int]
    state: Mapped[HoldState] = mapped_column(text_enum(HoldState))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    extended: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Booking(Model):
    """One party's visit to one slot. Bookings by phone, at the window and walk-ins have no `member_id`."""

    __tablename__ = "visits_bookings"
    __table_args__ = (
        Index(
            "uq_visits_bookings_member_day",
            "member_id",
            "site_id",
            "visit_on",
            unique=True,
            sqlite_where=text(f"{_ACTIVE_SQL} AND member_id IS NOT NULL"),
            postgresql_where=text(f"{_ACTIVE_SQL} AND member_id IS NOT NULL"),
        ),
        Index(
            "uq_visits_bookings_caller_day",
            "contact_phone_index",
            "site_id",
            "visit_on",
            unique=True,
            sqlite_where=text(_CALLERS_SQL),
            postgresql_where=text(_CALLERS_SQL),
        ),
        Index("ix_visits_bookings_member", "member_id", "starts_at"),
        Index("ix_visits_bookings_site_day", "site_id", "visit_on"),
        Index("ix_visits_bookings_due", "status", "starts_at"),
        Index(
            "ix_visits_bookings_contact_kept",
            "visit_on",
            sqlite_where=text("contact_name_cipher IS NOT NULL"),
            postgresql_where=text("contact_name_cipher IS NOT NULL"),
        ),
        Index("ix_visits_bookings_tail", "site_id", "contact_tail_index"),
        Index("ix_visits_bookings_name", "site_id", "contact_name_index"),
        CheckConstraint(
            "adults >= 0 AND children >= 0 AND adults + children = seats AND seats > 0", name="party"
        ),
        CheckConstraint("admitted BETWEEN 0 AND seats", name="admitted"),
        CheckConstraint("wheelchairs BETWEEN 0 AND seats", name="wheelchairs"),
        CheckConstraint("sign_language BETWEEN 0 AND 1", name="sign_language"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity_members.id"))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("visits_slots.id"), index=True)
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("visits_policies.id"))
    channel: Mapped[Channel] = mapped_column(text_enum(Channel))
    overridden: Mapped[bool] = mapped_column(default=False)  # made by staff against a rule, for a reason
    status: Mapped[BookingStatus] = mapped_column(text_enum(BookingStatus))
    # The slot's times, repeated so that a member's overlaps and lists need no join.
    visit_on: Mapped[date]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    adults: Mapped[int]
    children: Mapped[int]
    seats: Mapped[int]
    wheelchairs: Mapped[int]
    sign_language: Mapped[int] = mapped_column(default=0)  # 1: the party is guided in sign language
    admitted: Mapped[int]
    contact_name_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "name"})
    contact_phone_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "contact"})
    contact_phone_index: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), index=True, info={"pii": "contact"}
    )
    # What the site's desk finds a visitor by: the last digits of the phone, and the whole name.
    contact_tail_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), info={"pii": "contact"})
    contact_name_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), info={"pii": "name"})
    cancel_until: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_by: Mapped[str | None] = mapped_column(String(16))  # member, site, authority
    cancel_reason: Mapped[str | None] = mapped_column(String(200))
    moves: Mapped[int] = mapped_column(default=0)  # how often the member moved it to another slot
    calendar_sequence: Mapped[int]  # rises with each change a calendar must show
    revision: Mapped[int]  # compared and raised by each change of state

    visitors: Mapped[list["Visitor"]] = relationship(back_populates="booking", lazy="raise")
    tickets: Mapped[list["Ticket"]] = relationship(back_populates="booking", lazy="raise")


class Visitor(Model):
    """A named person of a party, where the policy asks for one. The number is erased after the visit."""

    __tablename__ = "visits_visitors"
    __table_args__ = (
        Index(
            "uq_visits_visitors_person_day",
            "person_index",
            "site_id",
            "visit_on",
            unique=True,
            sqlite_where=text("active AND person_index IS NOT NULL"),
            postgresql_where=text("active AND person_index IS NOT NULL"),
        ),
        Index(
            "ix_visits_visitors_kept",
            "visit_on",
            sqlite_where=text("erased_at IS NULL"),
            postgresql_where=text("erased_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("visits_bookings.id"), index=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites_sites.id"))
    visit_on: Mapped[date]
    active: Mapped[bool]  # False once the booking no longer holds this person's day
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the site ended the booking
    name_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "name"})
    id_type: Mapped[str] = mapped_column(String(24))
    id_cipher: Mapped[str | None] = mapped_column(Text, info={"pii": "identity_number"})
    person_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), info={"pii": "identity_number"})
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(back_populates="visitors", lazy="raise")


class Ticket(Model):
    """What admits a booking. A change issues the next one; at most one is current."""

    __tablename__ = "visits_tickets"
    __table_args__ = (
        Index(
            "uq_visits_tickets_current",
            "booking_id",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
        UniqueConstraint("booking_id", "sequence"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("visits_bookings.id"))
    sequence: Mapped[int]
    short_code: Mapped[str] = mapped_column(String(12), unique=True)
    key_id: Mapped[str] = mapped_column(String(16))
    seats: Mapped[int]
    valid_from: Mapped[datetime] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[TicketState] = mapped_column(text_enum(TicketState))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(back_populates="tickets", lazy="raise")
