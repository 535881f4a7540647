"""What the gates of a site have seen: every scan, refused and undone ones too."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import devices
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.visits.models import Booking, Scan, ScanResult
from miniprogram_api.visits.rules.policy import DAY_MINUTES

_ELSEWHERE = frozenset({ScanResult.INVALID, ScanResult.WRONG_SITE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSeen:
    """A scan as its site's list shows it; whose booking it was only where it is one of the site's."""

    id: UUID
    at: datetime
    received_at: datetime
    gate: str
    result: ScanResult
    booking_id: UUID | None
    booking_number: str | None
    admitted_now: int
    admitted: int
    remaining: int
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None


def list_scans(
    session: Session,
    *,
    site_id: UUID,
    on: date,
    result: ScanResult | None,
    limit: int,
    cursor: str | None,
) -> Page[ScanSeen]:
    """A page of the scans of a site's day, the latest first; nobody's name but the gates'."""
    columns: tuple[Any, ...] = (Scan, Booking.number)
    statement = (
        select(*columns)
        .outerjoin(Booking, Booking.id == Scan.booking_id)
        .where(
            Scan.site_id == site_id,
            Scan.scanned_at >= beijing_time(on, 0),
            Scan.scanned_at < beijing_time(on, DAY_MINUTES),
        )
    )
    if result is not None:
        statement = statement.where(Scan.result == result)
    order = (Scan.scanned_at, Scan.id)
    found = page_rows(session, statement, order, limit=limit, cursor=cursor, descending=True)
    scanners = {row.Scan.scanner for row in found.items}
    scanners |= {row.Scan.annulled_by for row in found.items if row.Scan.annulled_by is not None}
    names = devices.names_of(session, scanners)
    return Page([_seen(row, names) for row in found.items], found.next_cursor)


def _seen(row: Row[Any], names: dict[str, str]) -> ScanSeen:
    scan: Scan = row.Scan
    secret = scan.result in _ELSEWHERE
    return ScanSeen(
        id=scan.id,
        at=scan.scanned_at,
        received_at=scan.received_at,
        gate=names.get(scan.scanner, scan.scanner),
        result=scan.result,
        booking_id=None if secret else scan.booking_id,
        booking_number=None if secret else row.number,
        admitted_now=scan.seats,
        admitted=scan.admitted,
        remaining=scan.remaining,
        undone_at=scan.annulled_at,
        undone_by=names.get(scan.annulled_by, scan.annulled_by) if scan.annulled_by else None,
        undo_reason=scan.annul_reason,
    )
