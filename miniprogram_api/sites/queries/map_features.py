"""The listed sites as maps outside WeChat take them: in WGS-84, from what the registry gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.geo import Box, Crs, Point, to_wgs84
from miniprogram_api.kernel.paging import Page, page_rows
from miniprogram_api.sites.models import BookingMode, Site
from miniprogram_api.sites.queries.cards import LISTED, SITES, status_of
from miniprogram_api.sites.rules import visibility

_COLUMNS = (
    "id",
    "code",
    "project_id",
    "name",
    "name_en",
    "type",
    "level",
    "district",
    "address",
    "booking_mode",
    "lifecycle",
    "education_base",
    "overlay",
    "source_lng",
    "source_lat",
    "source_crs",
    "registry_synced_at",
)
_DIGITS = 6  # a decimetre
# The shift between the systems stays below this in all of China.
_SHIFT_DEGREES = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFeature:
    """A listed site with its place in WGS-84, to six decimals."""

    id: UUID
    code: str
    project_id: str
    name: str
    name_en: str | None
    type: str
    level: str
    district: str
    address: str
    booking_mode: BookingMode
    status: str
    place: Point
    registry_synced_at: datetime


def list_map_features(
    session: Session, *, boxes: Sequence[Box], limit: int, cursor: str | None
) -> Page[MapFeature]:
    """A page of the sites that the public sees, by id; with boxes (WGS-84) only those within one of them.

    With boxes a page may hold fewer than the limit and still have a next one. Raises InvalidCursor.
    """
    wanted = select(*(SITES.c[name] for name in _COLUMNS)).where(LISTED)
    if boxes:
        wanted = wanted.where(or_(*(_near(box) for box in boxes)))
    found = page_rows(session, wanted, [Site.id], limit=limit, cursor=cursor)
    features = [_feature(row) for row in found.items]
    within = [f for f in features if not boxes or any(box.contains(f.place) for box in boxes)]
    return Page(within, found.next_cursor)


def _near(box: Box) -> ColumnElement[bool]:
    """What the database can tell without converting: a little more than the box."""
    return and_(
        SITES.c.lng_gcj02.between(box.west - _SHIFT_DEGREES, box.east + _SHIFT_DEGREES),
        SITES.c.lat_gcj02.between(box.south - _SHIFT_DEGREES, box.north + _SHIFT_DEGREES),
    )


def _feature(row: Row[*tuple[Any, ...]]) -> MapFeature:
    # CGCS2000 and WGS-84 agree to a few centimetres: whatever is not shifted is taken as it is.
    crs = Crs.GCJ02 if row.source_crs == Crs.GCJ02 else Crs.WGS84
    exact = to_wgs84(Point(row.source_lng, row.source_lat), crs)
    return MapFeature(
        id=row.id,
        code=row.code,
        project_id=row.project_id,
        name=row.name,
        name_en=row.name_en,
        type=row.type,
        level=row.level,
        district=row.district,
        address=row.address,
        booking_mode=row.booking_mode,
        status=status_of(visibility(row.lifecycle, row.education_base, row.overlay)),
        place=Point(round(exact.lng, _DIGITS), round(exact.lat, _DIGITS)),
        registry_synced_at=row.registry_synced_at,
    )
