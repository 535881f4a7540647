"""A booking as screens show it: plain values, masked, made by a query or by the command that books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from miniprogram_api.visits.models import BookingStatus, Channel
from miniprogram_api.visits.rules.party import Party

__all__ = [
    "BookingShown",
    "BookingStatus",
    "Channel",
    "ContactShown",
    "SiteShown",
    "SlotShown",
    "TicketShown",
    "VisitorShown",
]


@dataclass(frozen=True, slots=True)
class SiteShown:
    id: UUID
    code: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class SlotShown:
    id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ContactShown:
    """Whom the site can reach, masked."""

    name_masked: str
    phone_masked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketShown:
    """The current ticket; `code` is what the QR code holds."""

    id: UUID
    code: str
    short_code: str
    seats: int
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorShown:
    """A named visitor, masked; nothing but the kind of document is left once the data is erased."""

    id: UUID
    name_masked: str | None
    id_type: str
    id_number_masked: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingShown:
    """A booking with everything a screen shows of it."""

    id: UUID
    number: str
    member_id: UUID | None
    status: BookingStatus
    channel: Channel
    site: SiteShown
    slot: SlotShown
    visit_on: date
    party: Party
    admitted: int
    contact: ContactShown | None
    visitors: Sequence[VisitorShown]
    cancel_free_until: datetime
    cancel_until: datetime
    created_at: datetime
    cancelled_at: datetime | None
    cancelled_by: str | None
    cancel_reason: str | None
    calendar_sequence: int
    ticket: TicketShown | None

    @property
    def seats(self) -> int:
        return self.party.seats

    @property
    def needs(self) -> Party:
        return self.party
