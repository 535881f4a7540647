"""Bookings as the rows of a spreadsheet: contacts masked unless told otherwise, never an identity number."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking
from miniprogram_api.visits.rules import words

HEADER = (
    "预约号", "参观日期", "场次", "状态", "预约方式", "人数", "成人", "儿童", "轮椅", "手语讲解", "已入场",
    "联系人", "电话", "预约时间",
)  # fmt: skip
_BATCH = 500
_COLUMNS: tuple[Any, ...] = (
    Booking.id,
    Booking.number,
    Booking.visit_on,
    Booking.starts_at,
    Booking.ends_at,
    Booking.status,
    Booking.channel,
    Booking.seats,
    Booking.adults,
    Booking.children,
    Booking.wheelchairs,
    Booking.sign_language,
    Booking.admitted,
    Booking.contact_name_cipher,
    Booking.contact_phone_cipher,
    Booking.created_at,
)

Open = Callable[..., tuple[str | None, str | None]]


def iterate_rows(
    session: Session, booking_ids: Sequence[UUID], *, unmasked: bool
) -> Iterator[Sequence[str | int | None]]:
    """The rows of these bookings in this order, read a few hundred at a time."""
    open_contact: Open = personal.open_contact if unmasked else personal.masked_contact
    for start in range(0, len(booking_ids), _BATCH):
        batch = booking_ids[start : start + _BATCH]
        found = {row.id: row for row in session.execute(select(*_COLUMNS).where(Booking.id.in_(batch)))}
        yield from (_row(found[booking_id], open_contact) for booking_id in batch if booking_id in found)


def _row(row: Row[Any], open_contact: Open) -> Sequence[str | int | None]:
    begin, end = row.starts_at.astimezone(BEIJING), row.ends_at.astimezone(BEIJING)
    name, phone = open_contact(
        row.id, name_cipher=row.contact_name_cipher, phone_cipher=row.contact_phone_cipher
    )
    return (
        row.number,
        row.visit_on.isoformat(),
        f"{begin:%H:%M}–{end:%H:%M}",
        words.STATUS[row.status],
        words.CHANNEL[row.channel],
        row.seats,
        row.adults,
        row.children,
        row.wheelchairs,
        "是" if row.sign_language else "",
        row.admitted,
        name,
        phone,
        f"{row.created_at.astimezone(BEIJING):%Y-%m-%d %H:%M}",
    )
