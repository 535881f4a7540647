"""Rows of sites for tests: a public site with slots, its rules, closures, photos, and organisations."""

from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.identity.models import Organisation
from miniprogram_api.kernel.geo import Point
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import (
    BookingMode,
    Closure,
    ClosureKind,
    Indicator,
    Level,
    Lifecycle,
    LocalNote,
    Notice,
    OpeningRule,
    Overlay,
    Photo,
    ReasonCode,
    Site,
    SiteType,
    Technology,
)
from miniprogram_api.sites.service.search import index_site

Part = TypeVar("Part", OpeningRule, Closure, Photo, Technology, Indicator, Notice, LocalNote)

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
# People's Square, in GCJ-02.
CENTRE = Point(125.33102, 43.889214)


def make_organisation(session: Session, **values: Any) -> Organisation:
    """An organisation with a name of its own."""
    organisation_id = new_id()
    defaults = {"name": f"示例单位 {organisation_id}", "credit_code": None, "created_at": LONG_AGO}
    organisation = Organisation(id=organisation_id, **defaults | values)
    session.add(organisation)
    session.flush()
    return organisation


def make_site(session: Session, **values: Any) -> Site:
    """A titled education base, open, booked by slots, in the middle of the city; found by the search."""
    site_id = new_id()
    place = Point(values.get("lng_gcj02", CENTRE.lng), values.get("lat_gcj02", CENTRE.lat))
    defaults: dict[str, Any] = {
        "code": f"S{site_id.hex[-12:]}",
        "project_id": f"P-{site_id.hex}",
        "project_version": 1,
        "name": "南湖低碳示范点（示例）",
        "type": SiteType.SCENIC_AREA.value,
        "level": Level.LOW_CARBON.value,
        "district": "220104",
        "lng_gcj02": place.lng,
        "lat_gcj02": place.lat,
        "source_lng": place.lng,
        "source_lat": place.lat,
        "source_crs": "gcj02",
        "lifecycle": Lifecycle.TITLED,
        "education_base": True,
        "registry_synced_at": LONG_AGO,
        "overlay": Overlay.OPEN,
        "booking_mode": BookingMode.SLOTS,
        "listed_rank": 100,
        "summary": "一处可以参观的低碳示范点。",
        "address": "工农大路 1 号",
        "facilities": [],
        "accessibility": [],
        "work_phone": "0431-81230000",
        "updated_at": LONG_AGO,
    }
    site = Site(id=site_id, **defaults | values)
    session.add(site)
    index_site(session, site)
    return site


def make_opening_rule(session: Session, site_id: UUID, **values: Any) -> OpeningRule:
    """Every day 09:00 to 16:00, an hour a session, twenty people each."""
    defaults: dict[str, Any] = {
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "opens_minute": 9 * 60,
        "closes_minute": 16 * 60,
        "slot_minutes": 60,
        "capacity": 20,
        "priority": 0,
        "created_at": LONG_AGO,
    }
    return _added(session, OpeningRule(id=new_id(), site_id=site_id, **defaults | values))


def make_closure(session: Session, site_id: UUID, *, on: date, **values: Any) -> Closure:
    """A closure of one whole day, or of what the values say."""
    defaults: dict[str, Any] = {
        "kind": ClosureKind.CLOSED,
        "first_on": on,
        "last_on": on,
        "reason_code": ReasonCode.MAINTENANCE,
        "public_text": "设备检修",
        "amnesty": True,
        "created_at": LONG_AGO,
    }
    return _added(session, Closure(id=new_id(), site_id=site_id, **defaults | values))


def make_special_opening(session: Session, site_id: UUID, *, on: date, **values: Any) -> Closure:
    """An opening out of turn, 18:00 to 20:00 in two sessions of ten."""
    defaults: dict[str, Any] = {
        "kind": ClosureKind.SPECIAL_OPENING,
        "from_minute": 18 * 60,
        "to_minute": 20 * 60,
        "slot_minutes": 60,
        "capacity": 10,
        "reason_code": ReasonCode.EVENT,
        "public_text": "低碳日夜场",
    }
    return make_closure(session, site_id, on=on, **defaults | values)


def make_photo(session: Session, site: Site, **values: Any) -> Photo:
    """A photo whose file need not exist; the first one of a site is its cover."""
    photo_id = new_id()
    defaults: dict[str, Any] = {
        "file_name": f"{photo_id.hex}.jpg",
        "alt": "正门",
        "position": 0,
        "width": 1600,
        "height": 1067,
    }
    photo = _added(session, Photo(id=photo_id, site_id=site.id, **defaults | values))
    site.cover_photo_id = site.cover_photo_id or photo.id
    session.flush()
    return photo


def make_technology(session: Session, site: Site, **values: Any) -> Technology:
    """A technology that the search finds the site by."""
    defaults = {"name": "光伏长廊", "description": "屋面光伏，年发电约 12 万千瓦时。", "position": 0}
    technology = _added(session, Technology(id=new_id(), site_id=site.id, **defaults | values))
    index_site(session, site)
    return technology


def make_indicator(session: Session, site_id: UUID, **values: Any) -> Indicator:
    """The total of a year."""
    defaults: dict[str, Any] = {
        "kind": "total_emissions",
        "year": 2025,
        "value": "1200",
        "unit": "tCO2e",
        "source": "2025 年度核算报告",
    }
    return _added(session, Indicator(id=new_id(), site_id=site_id, **defaults | values))


def make_notice(session: Session, site_id: UUID, **values: Any) -> Notice:
    """A notice without an end."""
    defaults: dict[str, Any] = {"title": "入口调整", "body": "请从东门入园。", "created_at": LONG_AGO}
    return _added(session, Notice(id=new_id(), site_id=site_id, **defaults | values))


def make_local_note(session: Session, site_id: UUID, **values: Any) -> LocalNote:
    """The site's own word on all of what the registry says of it."""
    defaults: dict[str, Any] = {"text": "以标牌为准", "created_at": LONG_AGO}
    return _added(session, LocalNote(id=new_id(), site_id=site_id, **defaults | values))


def _added(session: Session, row: Part) -> Part:
    session.add(row)
    session.flush()
    return row
