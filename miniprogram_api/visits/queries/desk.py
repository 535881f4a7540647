"""What a site's desk looks for among its bookings: by number, by short code, by name, by phone.

Names and phones are encrypted, so they are found by blind indexes. A part of a name, a surname say, is found
within one day only, whose names are opened and compared here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.ids import normalise_short_code
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking, BookingStatus, Ticket
from miniprogram_api.visits.queries.bookings import select_shown, show_all
from miniprogram_api.visits.queries.shown import BookingShown
from miniprogram_api.visits.rules.party import normalise_name, normalise_phone
from miniprogram_api.visits.rules.searching import Clue, clues_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFilter:
    """What staff look for; `words` is what they typed: a number or code, a name, a phone or its end."""

    visit_on: date | None = None
    status: BookingStatus | None = None
    slot_id: UUID | None = None
    words: str | None = None


def list_site_bookings(
    session: Session, *, site_id: UUID, wanted: DeskFilter, today: date, limit: int, cursor: str | None
) -> Page[BookingShown]:
    """A page of a site's bookings by time; from today on when neither day, slot nor words are given."""
    conditions = conditions_of(session, site_id=site_id, wanted=wanted, today=today)
    columns = (Booking.starts_at, Booking.id)
    found = page_rows(session, select_shown().where(*conditions), columns, limit=limit, cursor=cursor)
    return Page(show_all(session, found.items), found.next_cursor)


def conditions_of(
    session: Session, *, site_id: UUID, wanted: DeskFilter, today: date
) -> Sequence[ColumnElement[bool]]:
    """What a booking must be to be among those that are looked for."""
    conditions: list[ColumnElement[bool]] = [Booking.site_id == site_id]
    words = (wanted.words or "").strip()
    if wanted.visit_on is not None:
        conditions.append(Booking.visit_on == wanted.visit_on)
    elif wanted.slot_id is None and not words:
        conditions.append(Booking.visit_on >= today)
    if wanted.status is not None:
        conditions.append(Booking.status == wanted.status)
    if wanted.slot_id is not None:
        conditions.append(Booking.slot_id == wanted.slot_id)
    if words:
        conditions.append(_matches(session, site_id, words, wanted.visit_on))
    return conditions


def _matches(session: Session, site_id: UUID, words: str, on: date | None) -> ColumnElement[bool]:
    return or_(false(), *(_match(session, clue, site_id, words, on) for clue in clues_of(words)))


def _match(session: Session, clue: Clue, site_id: UUID, words: str, on: date | None) -> ColumnElement[bool]:
    match clue:
        case Clue.TAIL:
            return Booking.contact_tail_index == personal.tail_index(words, site_id)
        case Clue.PHONE:
            return Booking.contact_phone_index == personal.phone_index(normalise_phone(words) or "")
        case Clue.NAME if on is not None:
            return Booking.id.in_(_named_alike(session, site_id, words, on))
        case Clue.NAME:
            return Booking.contact_name_index == personal.name_index(words, site_id)
        case _:
            return _is_coded(session, words)


def _is_coded(session: Session, words: str) -> ColumnElement[bool]:
    number = "".join(words.split()).upper()
    # Looked up first: two unique indexes then find the booking, however many a site has had.
    of_ticket = select(Ticket.booking_id).where(Ticket.short_code == normalise_short_code(words))
    return or_(Booking.number == number, Booking.id == session.scalar(of_ticket))


def _named_alike(session: Session, site_id: UUID, words: str, on: date) -> list[UUID]:
    columns: tuple[Any, ...] = (Booking.id, Booking.contact_name_cipher)
    named = Booking.contact_name_cipher.is_not(None)
    day = select(*columns).where(Booking.site_id == site_id, Booking.visit_on == on, named)
    part = normalise_name(words)
    return [
        booking_id
        for booking_id, cipher in session.execute(day)
        if part in normalise_name(personal.open_contact(booking_id, name_cipher=cipher)[0] or "")
    ]
