"""The sites of a bench as rows: all types, levels and districts, some without booking, and what they show."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any
from uuid import UUID

from miniprogram_api.kernel.geo import Point, unit_vector
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES
from miniprogram_api.sites.rules.indicators import indicator_kinds

CENTRE = Point(125.32, 43.88)
WORDS = ("光伏", "储能", "湿地", "热泵", "绿化", "回收", "骑行", "节水", "地源", "风电")
OPENS_MINUTE, CLOSES_MINUTE, SLOT_MINUTES, CAPACITY = 9 * 60, 13 * 60, 120, 200
_WITHOUT_BOOKING_EVERY = 5
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class SiteRows:
    """Rows by table."""

    sites: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    photos: list[dict[str, Any]]
    technologies: list[dict[str, Any]]
    indicators: list[dict[str, Any]]
    notices: list[dict[str, Any]]


def site_rows(count: int, *, now: datetime) -> SiteRows:
    """So many sites, the same ones every time but for their ids."""
    chance = random.Random(_SEED)
    kinds = list(product(TYPES, LEVELS, DISTRICTS))
    chance.shuffle(kinds)
    rows = SiteRows([], [], [], [], [], [])
    for number in range(count):
        site = _site(number, kinds[number % len(kinds)], chance, now)
        rows.sites.append(site)
        _add_children(rows, site, now)
    return rows


def _site(number: int, kind: tuple[str, str, str], chance: random.Random, now: datetime) -> dict[str, Any]:
    site_type, level, district = kind
    place = Point(CENTRE.lng + chance.uniform(-0.4, 0.4), CENTRE.lat + chance.uniform(-0.3, 0.3))
    vector = unit_vector(place)
    word = WORDS[number % len(WORDS)]
    without = number % _WITHOUT_BOOKING_EVERY == _WITHOUT_BOOKING_EVERY - 1
    return {
        "id": new_id(),
        "code": f"CC-{number:05d}",
        "project_id": f"bench-{number:05d}",
        "project_version": 1,
        "name": f"示例{DISTRICTS[district]}{word}{TYPES[site_type]}{number}",
        "name_en": f"Sample site {number}",
        "type": site_type,
        "level": level,
        "district": district,
        "lng_gcj02": place.lng,
        "lat_gcj02": place.lat,
        "source_lng": place.lng,
        "source_lat": place.lat,
        "source_crs": "gcj02",
        "unit_x": vector.x,
        "unit_y": vector.y,
        "unit_z": vector.z,
        "lifecycle": Lifecycle.TITLED,
        "lifecycle_since": date(2026, 1, 1),
        "title_document_no": f"长环示〔2026〕{number}号",
        "title_awarded_on": date(2026, 1, 1),
        "title_valid_until": date(2029, 1, 1),
        "education_base": True,
        "education_base_since": date(2026, 3, 1),
        "registry_synced_at": now,
        "overlay": Overlay.OPEN,
        "booking_mode": BookingMode.NONE if without else BookingMode.SLOTS,
        "listed_rank": chance.randrange(1000),
        "summary": "示例：" + "这里展示低碳技术与日常运行，欢迎学校、社区和市民参观。" * 4,
        "address": f"长春市{DISTRICTS[district]}示例路{number}号",
        "transport": "乘坐地铁1号线或公交示例路，步行约十分钟。",
        "visitor_notice": "请提前预约，按时到场；馆内禁止吸烟。",
        "facilities": ["toilet", "drinking_water", "parking"],
        "accessibility": ["ramp", "accessible_toilet"],
        "work_phone": "0431-80000000",
        "updated_at": now,
        **dict.fromkeys(_EMPTY),
    }


_EMPTY = (
    "operator_id",
    "operator_name",
    "re_review_due_on",
    "withdrawn_on",
    "withdrawal_document_no",
    "official_summary",
    "official_carbon_tonnes",
    "official_carbon_method",
    "official_carbon_year",
    "overlay_reason",
    "overlay_until",
    "summary_en",
    "address_en",
    "transport_en",
    "visitor_notice_en",
    "weekly_closing_weekday",
    "cover_photo_id",
)


def _add_children(rows: SiteRows, site: dict[str, Any], now: datetime) -> None:
    site_id: UUID = site["id"]
    rows.rules.append(_rule(site_id, now))
    photos = [
        {"id": new_id(), "site_id": site_id, "file_name": f"{new_id().hex}.webp", "alt": "示例照片"}
        | {"position": position, "width": 1200, "height": 800}
        for position in range(2)
    ]
    rows.photos.extend(photos)
    rows.technologies.extend(
        {
            "id": new_id(),
            "site_id": site_id,
            "name": word,
            "description": f"{word}示范，全年运行。",
            "position": position,
        }
        for position, word in enumerate(WORDS[:3])
    )
    rows.indicators.extend(_indicators(site_id, site["type"]))
    rows.notices.append(
        {"id": new_id(), "site_id": site_id, "title": "入口施工", "body": "请走南门。", "last_on": None}
        | {"created_at": now, "retired_at": None}
    )


def _indicators(site_id: UUID, site_type: str) -> Iterable[dict[str, Any]]:
    kind = indicator_kinds(site_type)[0]
    return [
        {"id": new_id(), "site_id": site_id, "kind": kind.code, "year": year, "value": "1234.5"}
        | {"unit": kind.unit, "source": "示例数据"}
        for year in (2024, 2025)
    ]


def _rule(site_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "site_id": site_id,
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "season_from": None,
        "season_to": None,
        "valid_from": None,
        "valid_to": None,
        "opens_minute": OPENS_MINUTE,
        "closes_minute": CLOSES_MINUTE,
        "slot_minutes": SLOT_MINUTES,
        "capacity": CAPACITY,
        "child_capacity": None,
        "wheelchair_capacity": None,
        "day_capacity": None,
        "priority": 0,
        "created_at": now,
        "retired_at": None,
    }
