"""Public notices on the wire."""

from marshmallow import fields

from miniprogram_api.registry.rules.notices import NoticeState
from miniprogram_api.web.schemas import Paging, Schema

NOTICE = {
    "id": "CC-2026-0031",
    "name": "双阳生态产业园（示例）",
    "type": "park",
    "type_name": "园区",
    "level": "near_zero",
    "level_name": "近零碳",
    "district": "220112",
    "district_name": "双阳区",
    "applicant": "长春双阳产业园管理委员会（示例）",
    "from": "2026-11-20",
    "until": "2026-11-26",
    "days_left": 4,
    "state": "open",
    "open": True,
    "document_url": "https://example.gov.cn/notices/2026/31",
    "document_number": "长环公示〔2026〕31号",
}
NOTICES = {"items": [NOTICE], "next_cursor": None}


class NoticeFilter(Paging):
    state = fields.Enum(NoticeState, by_value=True, load_default=None)


class NoticeView(Schema):
    """A notice; `until` is its last day, and `days_left` counts today."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    type_name = fields.String(required=True)
    level = fields.String(required=True)
    level_name = fields.String(required=True)
    district = fields.String(required=True)
    district_name = fields.String(required=True)
    applicant = fields.String(required=True, allow_none=True)
    begins_on = fields.Date(required=True, data_key="from")
    until = fields.Date(required=True)
    days_left = fields.Integer(required=True)
    state = fields.Enum(NoticeState, by_value=True, required=True)
    open = fields.Boolean(required=True)
    document_url = fields.String(required=True, allow_none=True)
    document_number = fields.String(required=True, allow_none=True)


class NoticesView(Schema):
    items = fields.List(fields.Nested(NoticeView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
