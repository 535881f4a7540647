"""The wire format of a site's remarks on registry data, for its staff."""

from marshmallow import fields, validate

from miniprogram_api.sites.rules.ownership import REGISTRY_FIELDS
from miniprogram_api.web.schemas import Instant, Schema, Text

NOTE_BODY = {"field": "name", "text": "名称以门口标牌为准，更正申请已提交。"}
NOTE = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3f",
    **NOTE_BODY,
    "created_at": "2026-11-20T09:00:00+08:00",
}


class LocalNoteBody(Schema):
    """A remark; `field` is the registry's name of what it is about, absent where it is about all of it."""

    field = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(REGISTRY_FIELDS, error="field.choice")
    )
    text = Text(max_length=300, required=True)


class LocalNoteView(Schema):
    id = fields.String()
    field = fields.String(allow_none=True)
    text = fields.String()
    created_at = Instant()


class LocalNoteListView(Schema):
    items = fields.List(fields.Nested(LocalNoteView))
    next_cursor = fields.String(allow_none=True)
