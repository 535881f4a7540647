"""A site as a list shows it, and the SQL for what its card needs.

On the tables and not on the mapped class: nothing here is a row to be changed, and the ORM's share of reading
twenty cards would be larger than the database's.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, select

from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.geo import Point, metres_of_chord
from miniprogram_api.sites.availability import Availability, Day, Instant
from miniprogram_api.sites.models import BookingMode, Photo, Site
from miniprogram_api.sites.queries.facts import holds
from miniprogram_api.sites.rules import Note, Visibility, visibility

SITES = Site.__table__
_PHOTOS = Photo.__table__
_SHOWN = (
    "id",
    "code",
    "name",
    "type",
    "level",
    "district",
    "address",
    "lng_gcj02",
    "lat_gcj02",
    "booking_mode",
    "lifecycle",
    "education_base",
    "overlay",
    "overlay_reason",
    "overlay_until",
)

LISTED = holds(lambda shown: shown.listed)
RECEIVING = holds(lambda shown: shown.bookable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSite:
    """A site as a list shows it."""

    id: UUID
    code: str
    name: str
    type: str
    level: str
    district: str
    address: str
    location: Point
    cover: str | None
    booking_mode: BookingMode
    status: str
    note: Note | None
    overlay_reason: str | None
    overlay_until: date | None
    next_available_on: date | None
    distance_m: int | None


def cards(rooms: Availability, now: Instant, today: Day) -> Select[*tuple[Any, ...]]:
    """Every site with what its card needs, to be joined with the page of sites that is wanted."""
    shown = select(
        *(SITES.c[name] for name in _SHOWN),
        _PHOTOS.c.file_name.label("cover"),
        next_available(rooms, now, today).label("next_available_on"),
    )
    return shown.join_from(SITES, _PHOTOS, _PHOTOS.c.id == SITES.c.cover_photo_id, isouter=True)


def next_available(rooms: Availability, now: Instant, today: Day) -> ColumnElement[date | None]:
    """The first day that can be booked at the site of the enclosing statement, however far ahead."""
    bookable = and_(SITES.c.booking_mode == BookingMode.SLOTS, RECEIVING)
    return case((bookable, rooms.next_available_on(SITES.c.id, now=now, today=today)))


def within_horizon(on: date | None, shown: Visibility, today: date) -> date | None:
    """The day, unless it lies further ahead than the site may be booked."""
    if on is None or shown.horizon_days is None:
        return on
    return on if on <= today + timedelta(days=shown.horizon_days) else None


def status_of(shown: Visibility) -> str:
    """Whether a site that is shown receives visitors."""
    return "open" if shown.bookable else "paused"


def listed_site(row: Row[*tuple[Any, ...]], now: datetime) -> ListedSite:
    """A row of `cards`, with `chord_squared` beside it."""
    shown = visibility(row.lifecycle, row.education_base, row.overlay)
    return ListedSite(
        id=row.id,
        code=row.code,
        name=row.name,
        type=row.type,
        level=row.level,
        district=row.district,
        address=row.address,
        location=Point(row.lng_gcj02, row.lat_gcj02),
        cover=row.cover,
        booking_mode=row.booking_mode,
        status=status_of(shown),
        note=shown.note,
        overlay_reason=row.overlay_reason,
        overlay_until=row.overlay_until,
        next_available_on=within_horizon(row.next_available_on, shown, beijing_date(now)),
        distance_m=None if row.chord_squared is None else round(metres_of_chord(row.chord_squared)),
    )
