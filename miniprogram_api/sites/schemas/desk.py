"""The wire format of sites for those who work on them."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.sites.errors import FieldNotOwned
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay
from miniprogram_api.sites.rules.dictionary import DISTRICTS, LEVELS, TYPES
from miniprogram_api.sites.schemas.fields import Day, LocationView, OfTheSame, ShownName
from miniprogram_api.sites.schemas.opening import PreviewView
from miniprogram_api.sites.schemas.showcase import (
    INDICATOR,
    NOTICE,
    PHOTO,
    TECHNOLOGY,
    IndicatorView,
    NoticeView,
    PhotoView,
    TechnologyView,
)
from miniprogram_api.web.schemas import Instant, Paging, Schema, Text, Whole

_PHONE = validate.Regexp(r"^[0-9+()\-  转]{5,20}$", error="field.invalid")

REGISTRY_OWNED = frozenset(
    {
        "code",
        "project_id",
        "project_version",
        "name",
        "name_en",
        "type",
        "level",
        "district",
        "location",
        "operator",
        "operator_id",
        "operator_name",
        "lifecycle",
        "lifecycle_since",
        "title",
        "re_review_due_on",
        "withdrawn_on",
        "withdrawal_effective_at",
        "withdrawal_reason_code",
        "withdrawal_document_no",
        "education_base",
        "education_base_since",
        "education_base_until",
        "official_summary",
        "official_carbon_tonnes",
        "official_carbon_method",
        "official_carbon_year",
        "official_media",
        "share_class",
        # As the registry's own contract names them.
        "version",
        "type_code",
        "level_code",
        "district_code",
        "geometry",
        "datum",
        "notice",
        "withdrawal",
        "re_review_due",
        "official_carbon",
    }
)

EDIT = {"summary": "以森林碳汇与清洁能源为特色的景区。", "transport": "轨道交通 3 号线净月潭公园站"}
OVERLAY_BODY = {"to": "suspended", "reason": "主展厅改造", "until": "2026-12-31"}
OVERLAY = {"overlay": "suspended", "overlay_reason": "主展厅改造", "overlay_until": "2026-12-31"}
SUMMARY = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a",
    "code": "CC001",
    "name": "净月潭零碳景区（示例）",
    "type": "scenic_area",
    "type_name": "景区",
    "level": "zero_carbon",
    "level_name": "零碳",
    "district": "x-jingyue",
    "district_name": "净月高新区",
    "lifecycle": "titled",
    "education_base": True,
    "overlay": "open",
    "overlay_reason": None,
    "overlay_until": None,
    "booking_mode": "slots",
    "updated_at": "2026-11-20T09:00:00+08:00",
}
SITE = {
    **SUMMARY,
    **EDIT,
    "location": {"lng": 125.455676, "lat": 43.793119, "crs": "gcj02"},
    "listed_rank": 10,
    "summary_en": None,
    "address": "长春净月高新区净月大街",
    "address_en": None,
    "transport_en": None,
    "visitor_notice": "请走指定步道，垃圾请带走。",
    "visitor_notice_en": None,
    "facilities": ["游客中心", "充电桩"],
    "accessibility": ["无障碍步道"],
    "work_phone": "0431-80000001",
    "weekly_closing_weekday": None,
    "cover_photo_id": PHOTO["id"],
    "photos": [PHOTO],
    "technologies": [TECHNOLOGY],
    "indicators": [INDICATOR],
    "notices": [NOTICE],
    "registry": {
        "project_id": "P-2025-0001",
        "project_version": 3,
        "name_en": None,
        "operator_id": "O-0001",
        "operator_name": "示例运营中心",
        "source_lng": 125.449,
        "source_lat": 43.791,
        "source_crs": "wgs84",
        "lifecycle_since": "2025-06-05",
        "title_document_no": "示例文号",
        "title_awarded_on": "2025-06-05",
        "title_valid_until": "2028-06-04",
        "re_review_due_on": None,
        "withdrawn_on": None,
        "withdrawal_document_no": None,
        "education_base_since": "2025-09-01",
        "official_summary": None,
        "official_carbon_tonnes": None,
        "official_carbon_method": None,
        "official_carbon_year": None,
        "registry_synced_at": "2026-11-23T09:00:00+08:00",
    },
}


class DeskFilter(Paging):
    """What the list of a desk can be narrowed by."""

    q = fields.String(load_default=None, validate=validate.Length(max=60))
    lifecycle = fields.Enum(Lifecycle, by_value=True, load_default=None)
    overlay = fields.Enum(Overlay, by_value=True, load_default=None)


class SummaryView(Schema):
    """A site in a desk's list; codes as the registry gave them."""

    id = fields.String()
    code = fields.String()
    name = fields.String()
    type = fields.String()
    type_name = ShownName(TYPES, attribute="type")
    level = fields.String()
    level_name = ShownName(LEVELS, attribute="level")
    district = fields.String()
    district_name = ShownName(DISTRICTS, attribute="district")
    lifecycle = fields.Enum(Lifecycle, by_value=True)
    education_base = fields.Boolean()
    overlay = fields.Enum(Overlay, by_value=True)
    overlay_reason = fields.String(allow_none=True)
    overlay_until = fields.Date(allow_none=True)
    booking_mode = fields.Enum(BookingMode, by_value=True)
    updated_at = Instant()


class SummaryListView(Schema):
    items = fields.List(fields.Nested(SummaryView))
    next_cursor = fields.String(allow_none=True)


class EditSiteBody(Schema):
    """What a site says of itself. Fields of the registry are refused by name."""

    booking_mode = fields.Enum(BookingMode, by_value=True)
    listed_rank = Whole(least=0, most=100_000)
    summary = Text(min_length=0, max_length=4000)
    summary_en = Text(min_length=0, max_length=8000, allow_none=True)
    address = Text(max_length=200)
    address_en = Text(max_length=300, allow_none=True)
    transport = Text(max_length=2000, allow_none=True)
    transport_en = Text(max_length=4000, allow_none=True)
    visitor_notice = Text(max_length=4000, allow_none=True)
    visitor_notice_en = Text(max_length=8000, allow_none=True)
    facilities = fields.List(Text(max_length=40), validate=validate.Length(max=40))
    accessibility = fields.List(Text(max_length=40), validate=validate.Length(max=40))
    work_phone = fields.String(validate=_PHONE, allow_none=True)
    weekly_closing_weekday = Whole(least=1, most=7, allow_none=True)

    @ma.pre_load
    def _leave_the_registry_its_own(self, data: Any, **_: Any) -> Any:
        foreign = sorted(REGISTRY_OWNED & data.keys()) if isinstance(data, Mapping) else []
        if foreign:
            raise FieldNotOwned(fields=[FieldError(name, FieldNotOwned.code) for name in foreign])
        return data


class OverlayBody(Schema):
    """The next state of a site's own opening; a suspension or closing says why."""

    to = fields.Enum(Overlay, by_value=True, required=True)
    reason = Text(max_length=200, load_default=None, allow_none=True)
    until = Day(load_default=None, allow_none=True)


class OverlayView(Schema):
    overlay = fields.Enum(Overlay, by_value=True)
    overlay_reason = fields.String(allow_none=True)
    overlay_until = fields.Date(allow_none=True)


class _RegistryView(Schema):
    """What the registry says; read-only here."""

    project_id = fields.String()
    project_version = fields.Integer()
    name_en = fields.String(allow_none=True)
    operator_id = fields.String(allow_none=True)
    operator_name = fields.String(allow_none=True)
    source_lng = fields.Float()
    source_lat = fields.Float()
    source_crs = fields.String()
    lifecycle_since = fields.Date(allow_none=True)
    title_document_no = fields.String(allow_none=True)
    title_awarded_on = fields.Date(allow_none=True)
    title_valid_until = fields.Date(allow_none=True)
    re_review_due_on = fields.Date(allow_none=True)
    withdrawn_on = fields.Date(allow_none=True)
    withdrawal_document_no = fields.String(allow_none=True)
    education_base_since = fields.Date(allow_none=True)
    official_summary = fields.String(allow_none=True)
    official_carbon_tonnes = fields.String(allow_none=True)
    official_carbon_method = fields.String(allow_none=True)
    official_carbon_year = fields.Integer(allow_none=True)
    registry_synced_at = Instant()


class DeskSiteView(SummaryView):
    """A site with everything it holds."""

    location = fields.Nested(LocationView)
    listed_rank = fields.Integer()
    summary = fields.String()
    summary_en = fields.String(allow_none=True)
    address = fields.String()
    address_en = fields.String(allow_none=True)
    transport = fields.String(allow_none=True)
    transport_en = fields.String(allow_none=True)
    visitor_notice = fields.String(allow_none=True)
    visitor_notice_en = fields.String(allow_none=True)
    facilities = fields.List(fields.String())
    accessibility = fields.List(fields.String())
    work_phone = fields.String(allow_none=True)
    weekly_closing_weekday = fields.Integer(allow_none=True)
    cover_photo_id = fields.String(allow_none=True)
    photos = fields.List(fields.Nested(PhotoView))
    technologies = fields.List(fields.Nested(TechnologyView))
    indicators = fields.List(fields.Nested(IndicatorView))
    notices = fields.List(fields.Nested(NoticeView))
    registry = OfTheSame(_RegistryView)


class EditedSiteView(DeskSiteView, PreviewView):
    """A site as it now is; for a dry run what the change does to the opening days instead."""
