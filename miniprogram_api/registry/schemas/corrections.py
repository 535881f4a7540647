"""The wire format of corrections."""

from marshmallow import fields, validate

from miniprogram_api.registry.models.corrections import CorrectionState
from miniprogram_api.web.schemas import Instant, Schema, Text

CORRECTION_BODY = {
    "field": "name",
    "claimed_value": "净月潭零碳景区",
    "evidence_url": "https://example.gov.cn/notices/31",
    "note": "以挂牌名称为准",
}
CORRECTION = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b60",
    "project_id": "CC-2025-0001",
    **CORRECTION_BODY,
    "held_value": "净月潭低碳景区",
    "state": "received",
    "registry_id": "C-2026-000031",
    "answer": None,
    "decided_at": None,
    "filed_at": "2026-11-20T09:00:00+08:00",
    "delivered_at": "2026-11-20T09:01:00+08:00",
}


class CorrectionBody(Schema):
    """What is wrong in the registry's data. The value that is held goes with it by itself."""

    field = fields.String(required=True, validate=validate.Length(min=1, max=40))
    claimed_value = Text(max_length=1000, required=True)
    evidence_url = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.And(
            validate.Length(max=500), validate.URL(schemes={"http", "https"}, error="field.invalid")
        ),
    )
    note = Text(max_length=1000, load_default=None, allow_none=True)


class CorrectionView(Schema):
    """A correction; from `received` on the state is the registry's word, `refused`: it did not take it."""

    id = fields.String()
    project_id = fields.String()
    field = fields.String()
    held_value = fields.Raw(allow_none=True)
    claimed_value = fields.String()
    evidence_url = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    state = fields.Enum(CorrectionState, by_value=True)
    registry_id = fields.String(allow_none=True)
    answer = fields.String(allow_none=True)
    decided_at = Instant(allow_none=True)
    filed_at = Instant()
    delivered_at = Instant(allow_none=True)


class CorrectionPage(Schema):
    items = fields.List(fields.Nested(CorrectionView))
    next_cursor = fields.String(allow_none=True)
