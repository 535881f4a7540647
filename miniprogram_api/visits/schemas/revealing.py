"""The wire format of looking at one person's contact."""

from typing import Any

from marshmallow import fields

from miniprogram_api.web.schemas import Schema, Text

REVEAL: dict[str, Any] = {"reason": "观众遗失物品，电话联系领取"}
REVEALED: dict[str, Any] = {"name": "张小林", "phone": "13800138000"}


class RevealBody(Schema):
    """Why somebody has to be looked at; kept in the audit trail."""

    reason = Text(required=True, min_length=2, max_length=200)


class RevealedContactView(Schema):
    """In full; null for what was never given or has been erased."""

    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
