"""The wire format of sites for the public."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.kernel.geo import Crs
from miniprogram_api.sites.models import BookingMode
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES
from miniprogram_api.sites.schemas.fields import (
    CodeFilter,
    Day,
    LocalDay,
    LocationView,
    MediaUrl,
    NoteText,
    Position,
    ShownCode,
    ShownName,
)
from miniprogram_api.sites.schemas.opening import CLOSURE, RULE, ClosureView, RuleView
from miniprogram_api.web.schemas import Instant, Paging, Schema

LISTED = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a",
    "code": "CC001",
    "name": "净月潭零碳景区（示例）",
    "type": "scenic_area",
    "type_name": "景区",
    "level": "zero_carbon",
    "level_name": "零碳",
    "district": "x-jingyue",
    "district_name": "净月高新区",
    "address": "净月大街 5840 号",
    "location": {"lng": 125.471234, "lat": 43.798765, "crs": "gcj02"},
    "cover_url": "/media/5f0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f.jpg",
    "booking_mode": "slots",
    "status": "open",
    "note": None,
    "next_available_on": "2026-11-25",
    "distance_m": 1240,
}
SITE_LIST = {"items": [LISTED], "next_cursor": None}
PAGE = {
    **{name: value for name, value in LISTED.items() if name != "distance_m"},
    "name_en": None,
    "address_en": None,
    "summary": "以森林碳汇与清洁能源为特色的景区。",
    "summary_en": None,
    "transport": "轨道交通 3 号线净月潭公园站",
    "transport_en": None,
    "visitor_notice": "请穿着适合步行的鞋。",
    "visitor_notice_en": None,
    "facilities": ["停车场", "饮水点"],
    "accessibility": ["无障碍坡道", "轮椅租借"],
    "work_phone": "0431-81230000",
    "operator": "长春净月潭旅游发展有限公司（示例）",
    "title": {"awarded_on": "2025-06-05", "document_no": "长环联〔2025〕3号", "valid_until": "2028-06-04"},
    "education_base_since": "2025-09-01",
    "official": {
        "summary": None,
        "carbon_tonnes": "1200",
        "carbon_method": "核算指南",
        "carbon_year": 2025,
    },
    "photos": [
        {
            "url": "/media/5f0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f.jpg",
            "alt": "湖岸的光伏长廊",
            "width": 1600,
            "height": 1067,
        }
    ],
    "notices": [
        {
            "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3c",
            "title": "入口调整",
            "body": "请从东门入园。",
            "last_on": "2026-12-31",
            "published_at": "2026-11-20T09:00:00+08:00",
        }
    ],
    "local_notes": [
        {
            "text": "名称以门口标牌为准，更正申请已提交。",
            "noted_on": "2026-11-20",
            "field": "name",
            "by": "site",
        }
    ],
    "opening": {
        "words": ["周二至周日 09:00—16:00 开放，每场 1 小时，可预约 20 人。"],
        "rules": [RULE],
        "weekly_closing_weekday": 1,
        "closures": [CLOSURE],
    },
    "policy": {
        "words": ["可提前 7 天预约，每天 18:00 放出新的场次。"],
        "numbers": {"window_days": 7, "release_minute": 1080},
    },
    "indicators": [
        {
            "kind": "emissions_per_visitor",
            "name": "单位接待游客人数碳排放量",
            "unit": "kgCO2e/人次",
            "aim": "逐年下降",
            "values": [{"year": 2025, "value": "1.82", "unit": "kgCO2e/人次", "source": "2025 年度核算报告"}],
        }
    ],
    "technologies": [{"name": "光伏长廊", "description": "年发电约 12 万千瓦时。"}],
    "related_articles": [
        {
            "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b4a",
            "kind": "knowledge",
            "title": "湿地怎样固碳",
            "summary": "从净月潭的三块湿地说起。",
            "cover_url": "/media/5f0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f-480.jpg",
            "published_at": "2026-11-20T08:00:00+08:00",
        }
    ],
    "updated_at": "2026-11-20T09:00:00+08:00",
    "registry_as_of": "2026-11-23T09:00:00+08:00",
}
DICTIONARY = {
    "dictionary_version": "2026.1",
    "items": [{"code": "park", "name": "园区"}, {"code": "factory", "name": "工厂"}],
}
DICTIONARIES = {
    "dictionary_version": "2026.1",
    "types": [{"code": "park", "name": "园区"}],
    "levels": [{"code": "low_carbon", "name": "低碳"}],
    "districts": [{"code": "220102", "name": "南关区"}],
}


class SiteFilter(Paging):
    """What the list of sites can be narrowed by."""

    type = CodeFilter(TYPES, load_default=None)
    level = CodeFilter(LEVELS, load_default=None)
    district = CodeFilter(DISTRICTS, load_default=None)
    q = fields.String(load_default=None, validate=validate.Length(max=60), metadata={"example": "净月"})
    open_on = Day(load_default=None, metadata={"example": "2026-11-25"})
    near = Position(load_default=None, metadata={"example": "125.3245,43.8868"})
    crs = fields.Enum(Crs, by_value=True, load_default=None)
    radius_m = fields.Integer(load_default=None, validate=validate.Range(min=1, max=500_000))


class ListedSiteView(Schema):
    """A site in a list. `status` is paused where visits are suspended; `note` then says why."""

    id = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    type = ShownCode(TYPES, required=True)
    type_name = ShownName(TYPES, attribute="type")
    level = ShownCode(LEVELS, required=True)
    level_name = ShownName(LEVELS, attribute="level")
    district = ShownCode(DISTRICTS, required=True)
    district_name = ShownName(DISTRICTS, attribute="district")
    address = fields.String(required=True)
    location = fields.Nested(LocationView, required=True)
    cover_url = MediaUrl(attribute="cover", allow_none=True)
    booking_mode = fields.Enum(BookingMode, by_value=True, required=True)
    status = fields.String(validate=validate.OneOf(["open", "paused"]))
    note = NoteText(allow_none=True)
    next_available_on = fields.Date(required=True, allow_none=True)
    distance_m = fields.Integer(metadata={"description": "Only with `near`."})

    @ma.post_dump
    def _without_idle_distance(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data.get("distance_m") is None:
            data.pop("distance_m", None)
        return data


class SiteListView(Schema):
    items = fields.List(fields.Nested(ListedSiteView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class _PhotoView(Schema):
    url = MediaUrl(attribute="file_name")
    alt = fields.String()
    width = fields.Integer()
    height = fields.Integer()


class _NoticeView(Schema):
    id = fields.String()
    title = fields.String()
    body = fields.String()
    last_on = fields.Date(allow_none=True)
    created_at = Instant(data_key="published_at")


class _LocalNoteView(Schema):
    """The site's own remark on data that the registry owns; the registry has not said this."""

    text = fields.String()
    noted_on = LocalDay(attribute="created_at")
    field = fields.String(allow_none=True)
    by = fields.Constant("site", metadata={"type": "string", "enum": ["site"]})


class _OpeningView(Schema):
    words = fields.List(fields.String())
    rules = fields.List(fields.Nested(RuleView))
    weekly_closing_weekday = fields.Integer(allow_none=True)
    closures = fields.List(fields.Nested(ClosureView))


class _PolicyView(Schema):
    words = fields.List(fields.String())
    numbers = fields.Dict(keys=fields.String())


class _ValueView(Schema):
    year = fields.Integer()
    value = fields.String()
    unit = fields.String()
    source = fields.String()


class _IndicatorView(Schema):
    kind = fields.String(attribute="kind.code")
    name = fields.String(attribute="kind.name")
    unit = fields.String(attribute="kind.unit")
    aim = fields.String(attribute="kind.aim")
    values = fields.List(fields.Nested(_ValueView))


class _TechnologyView(Schema):
    name = fields.String()
    description = fields.String()


class _TitleView(Schema):
    """The title as the registry gives it now."""

    title_awarded_on = fields.Date(data_key="awarded_on", allow_none=True)
    title_document_no = fields.String(data_key="document_no", allow_none=True)
    title_valid_until = fields.Date(data_key="valid_until", allow_none=True)


class _OfficialView(Schema):
    """What the registry itself says of the project."""

    official_summary = fields.String(data_key="summary", allow_none=True)
    official_carbon_tonnes = fields.String(data_key="carbon_tonnes", allow_none=True)
    official_carbon_method = fields.String(data_key="carbon_method", allow_none=True)
    official_carbon_year = fields.Integer(data_key="carbon_year", allow_none=True)


class _ArticleView(Schema):
    """An article about the site."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    cover_url = MediaUrl(attribute="cover", required=True, allow_none=True)
    published_at = Instant(required=True)


class SitePageView(Schema):
    """A site's page: its profile, notices, opening hours, booking policy, indicators and technologies."""

    id = fields.String(attribute="site.id", required=True)
    code = fields.String(attribute="site.code", required=True)
    name = fields.String(attribute="site.name", required=True)
    name_en = fields.String(attribute="site.name_en", allow_none=True)
    type = ShownCode(TYPES, attribute="site.type", required=True)
    type_name = ShownName(TYPES, attribute="site.type")
    level = ShownCode(LEVELS, attribute="site.level", required=True)
    level_name = ShownName(LEVELS, attribute="site.level")
    district = ShownCode(DISTRICTS, attribute="site.district", required=True)
    district_name = ShownName(DISTRICTS, attribute="site.district")
    address = fields.String(attribute="site.address", required=True)
    address_en = fields.String(attribute="site.address_en", allow_none=True)
    location = fields.Nested(LocationView, required=True)
    cover_url = MediaUrl(attribute="cover", allow_none=True)
    booking_mode = fields.Enum(BookingMode, by_value=True, attribute="site.booking_mode", required=True)
    status = fields.String(validate=validate.OneOf(["open", "paused"]))
    note = NoteText(allow_none=True)
    next_available_on = fields.Date(required=True, allow_none=True)
    summary = fields.String(attribute="site.summary")
    summary_en = fields.String(attribute="site.summary_en", allow_none=True)
    transport = fields.String(attribute="site.transport", allow_none=True)
    transport_en = fields.String(attribute="site.transport_en", allow_none=True)
    visitor_notice = fields.String(attribute="site.visitor_notice", allow_none=True)
    visitor_notice_en = fields.String(attribute="site.visitor_notice_en", allow_none=True)
    facilities = fields.List(fields.String(), attribute="site.facilities")
    accessibility = fields.List(fields.String(), attribute="site.accessibility")
    work_phone = fields.String(attribute="site.work_phone", allow_none=True)
    operator = fields.String(attribute="site.operator_name", allow_none=True)
    title = fields.Nested(_TitleView, allow_none=True)
    education_base_since = fields.Date(attribute="site.education_base_since", allow_none=True)
    official = fields.Nested(_OfficialView, attribute="site")
    photos = fields.List(fields.Nested(_PhotoView), attribute="site.photos")
    notices = fields.List(fields.Nested(_NoticeView))
    local_notes = fields.List(fields.Nested(_LocalNoteView))
    opening = fields.Nested(_OpeningView)
    policy = fields.Nested(_PolicyView)
    indicators = fields.List(fields.Nested(_IndicatorView))
    technologies = fields.List(fields.Nested(_TechnologyView), attribute="site.technologies")
    related_articles = fields.List(fields.Nested(_ArticleView))
    updated_at = Instant(attribute="site.updated_at")
    registry_as_of = Instant()


class _EntryView(Schema):
    code = fields.String()
    name = fields.String()


class DictionaryView(Schema):
    """One dictionary. Codes that are not in it are shown as 其他."""

    dictionary_version = fields.String()
    items = fields.List(fields.Nested(_EntryView))


class DictionariesView(Schema):
    """All dictionaries."""

    dictionary_version = fields.String()
    types = fields.List(fields.Nested(_EntryView))
    levels = fields.List(fields.Nested(_EntryView))
    districts = fields.List(fields.Nested(_EntryView))
