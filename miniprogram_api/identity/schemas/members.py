"""The wire format of members: signing in, their profile, phone, consents, copy and erasure."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.identity.models import ConsentPurpose
from miniprogram_api.identity.rules import mainland_mobile
from miniprogram_api.web.schemas import Instant, Schema, Text

MEMBER = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3a",
    "nickname": "小林",
    "phone_masked": "138****8000",
    "phone_verified": True,
    "joined_at": "2026-11-23T10:00:00+08:00",
}
SIGNED_IN = {
    "access_token": "mp_Xq3f…",
    "expires_at": "2026-11-23T12:00:00+08:00",
    "refresh_token": "rf_8Kd1…",
    "refresh_expires_at": "2026-12-23T10:00:00+08:00",
    "member": MEMBER,
}
_TEXT = {
    "version": "2026-11-01",
    "title": "使用位置信息",
    "body": "您按距离查找示范点时，……",
    "sha256": "9f2c0d7e4b1a8c3f6e5d2b7a0c9f8e1d4a3b6c5f7e8d9a0b1c2d3e4f5a6b7c8d",
}
CONSENT_TEXTS = {"items": [_TEXT | {"purpose": "location", "required": False}]}
CONSENTS = {
    "items": [
        {
            "purpose": "location",
            "required": False,
            "granted": True,
            "outdated": False,
            "current": _TEXT,
            "history": [
                {"granted": True, "text_version": "2026-11-01", "decided_at": "2026-11-23T10:00:00+08:00"}
            ],
        }
    ]
}
ERASED = {
    "receipt": "ER-20261123-7K3M9Q2X",
    "requested_at": "2026-11-23T10:00:00+08:00",
    "completed_at": "2026-11-23T10:00:00+08:00",
}
EXPORTED = {
    "generated_at": "2026-11-23T10:00:00+08:00",
    "data": {"identity": {"member": {"nickname": "小林", "phone": "13800138000"}, "consents": []}},
}


# Beyond any way of writing one.
_LONGEST_NUMBER = 40


class Switch(fields.Boolean):
    """true or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ma.ValidationError("field.type")
        return value


class Mobile(fields.String):
    """A mainland mobile number, however it is typed; read as its eleven digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        number = mainland_mobile(text) if len(text) <= _LONGEST_NUMBER else None
        if number is None:
            raise ma.ValidationError("identity.phone_format")
        return number


class SignInBody(Schema):
    code = fields.String(
        required=True,
        validate=validate.Length(min=1, max=256),
        metadata={"description": "The code of wx.login: five minutes, single use."},
    )


class RefreshBody(Schema):
    refresh_token = fields.String(required=True, validate=validate.Length(min=1, max=200))


class MemberView(Schema):
    id = fields.String(metadata={"description": "Opaque."})
    nickname = fields.String(allow_none=True)
    phone_masked = fields.String(allow_none=True)
    phone_verified = fields.Boolean(metadata={"description": "Whether WeChat vouched for the number."})
    joined_at = Instant()


class SignedInView(Schema):
    access_token = fields.String(metadata={"description": "Bearer token, valid for two hours."})
    expires_at = Instant()
    refresh_token = fields.String(metadata={"description": "Exchanged once, within 30 days."})
    refresh_expires_at = Instant()
    member = fields.Nested(MemberView)


class ChangeProfileBody(Schema):
    nickname = Text(max_length=40, allow_none=True, metadata={"description": "null clears it."})


class SetPhoneBody(Schema):
    """Exactly one of the two."""

    code = fields.String(
        validate=validate.Length(min=1, max=256),
        metadata={"description": "The code of the getPhoneNumber button; the number is then verified."},
    )
    phone = Mobile(metadata={"description": "A mainland mobile number typed by hand; not verified."})

    @ma.validates_schema
    def _takes_exactly_one(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ma.ValidationError("identity.phone_or_code")


class ConsentTextView(Schema):
    version = fields.String()
    title = fields.String()
    body = fields.String()
    sha256 = fields.String(metadata={"description": "SHA-256 of title, line feed, body, in UTF-8."})


class OfferedTextView(ConsentTextView):
    purpose = fields.Enum(ConsentPurpose, by_value=True)
    required = fields.Boolean()


class ConsentTextsView(Schema):
    items = fields.List(fields.Nested(OfferedTextView))


class ConsentDecisionView(Schema):
    granted = fields.Boolean()
    text_version = fields.String()
    decided_at = Instant()


class ConsentView(Schema):
    purpose = fields.Enum(ConsentPurpose, by_value=True)
    required = fields.Boolean(attribute="current.required")
    granted = fields.Boolean()
    outdated = fields.Boolean(metadata={"description": "Agreed to an earlier text: ask again."})
    current = fields.Nested(ConsentTextView)
    history = fields.List(fields.Nested(ConsentDecisionView), metadata={"description": "Latest first."})


class ConsentsView(Schema):
    items = fields.List(fields.Nested(ConsentView))


class ConsentDecisionBody(Schema):
    purpose = fields.Enum(ConsentPurpose, by_value=True, required=True)
    granted = Switch(required=True)
    text_version = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=20),
        metadata={"description": "The version that was shown; required to grant, not to withdraw."},
    )


class DecideConsentsBody(Schema):
    items = fields.List(
        fields.Nested(ConsentDecisionBody),
        required=True,
        validate=validate.Length(min=1, max=len(ConsentPurpose)),
    )

    @ma.validates_schema
    def _names_each_purpose_once(self, data: dict[str, Any], **_: Any) -> None:
        purposes = [decision["purpose"] for decision in data.get("items", ())]
        if len(set(purposes)) < len(purposes):
            raise ma.ValidationError("field.invalid", "items")


class ExportView(Schema):
    generated_at = Instant()
    data = fields.Dict(
        keys=fields.String(),
        metadata={"description": "Everything held of the member, by part of the product."},
    )


class ErasureView(Schema):
    receipt = fields.String(metadata={"description": "Keep it: nothing else is left to ask by."})
    requested_at = Instant()
    completed_at = Instant(allow_none=True)
