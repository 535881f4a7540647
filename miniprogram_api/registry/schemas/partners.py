"""The wire format of partners' clients and their keys, as staff manage them."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from miniprogram_api.registry.models.partners import KeyKind
from miniprogram_api.registry.rules.partners import (
    CLIENT_ID,
    PARTNER_SCOPES,
    is_network,
    normal_fingerprint,
)
from miniprogram_api.web.schemas import Instant, Schema, Text

KEY = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b41",
    "kind": "secret",
    "fingerprint": "9f2c0d7e…3b6c",
    "created_at": "2026-11-20T09:00:00+08:00",
    "expires_at": None,
    "retired_at": None,
}
PARTNER_BODY = {
    "client_id": "core-registry",
    "name": "核心登记系统",
    "scopes": ["engagement.read", "events.write"],
    "kind": "secret",
    "allowed_networks": ["10.20.0.0/16"],
}
PARTNER = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b42",
    "client_id": "core-registry",
    "name": "核心登记系统",
    "environment": "production",
    "scopes": ["engagement.read", "events.write"],
    "allowed_networks": ["10.20.0.0/16"],
    "certificate": None,
    "created_at": "2026-11-20T09:00:00+08:00",
    "ended_at": None,
    "keys": [KEY],
}
ADDED_PARTNER = {"partner": PARTNER, "secret": "ps_Xq3f…"}
ADDED_KEY = {"key": KEY, "secret": "ps_Xq3f…"}

_SECRET_ONCE = {"description": "In this answer and nowhere else; null for a public key."}
_KINDS = [kind.value for kind in KeyKind]


def _check_network(value: str) -> None:
    if not is_network(value):
        raise ValidationError("field.invalid")


def _check_client_id(value: str) -> None:
    if CLIENT_ID.fullmatch(value) is None:
        raise ValidationError("field.invalid")


class Fingerprint(fields.String):
    """The SHA-256 of a certificate, in hexadecimal digits, with colons or without."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = normal_fingerprint(super()._deserialize(value, attr, data, **kwargs))
        if found is None:
            raise ValidationError("field.invalid")
        return found


class AddKeyBody(Schema):
    kind = fields.String(load_default=KeyKind.SECRET.value, validate=validate.OneOf(_KINDS))
    public_jwk = fields.Dict(
        keys=fields.String(),
        load_default=None,
        allow_none=True,
        metadata={"description": "For kind public_key: RSA of 2048 bits or more, or P-256; no private part."},
    )

    @validates_schema
    def _one_or_the_other(self, data: dict[str, Any], **_: Any) -> None:
        needs_key = data["kind"] == KeyKind.PUBLIC_KEY.value
        if needs_key != (data["public_jwk"] is not None):
            raise ValidationError("field.required" if needs_key else "field.invalid", "public_jwk")

    @post_load
    def _named(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"kind": KeyKind(data["kind"])}


class ReplaceKeyBody(AddKeyBody):
    expires_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "After it the key proves nothing."}
    )


class AddPartnerBody(AddKeyBody):
    client_id = fields.String(
        required=True,
        validate=_check_client_id,
        metadata={"description": "3 to 64 lower-case letters, digits, dots, hyphens, underscores."},
    )
    name = Text(max_length=120, required=True)
    scopes = fields.List(
        fields.String(validate=validate.OneOf(list(PARTNER_SCOPES))),
        required=True,
        validate=validate.Length(min=1, max=len(PARTNER_SCOPES)),
    )
    allowed_networks = fields.List(
        fields.String(validate=[validate.Length(max=50), _check_network]),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "Addresses it may call from; none means any."},
    )
    certificate_fingerprint = Fingerprint(load_default=None, allow_none=True)


class EndPartnerBody(Schema):
    reason = Text(max_length=200, required=True)


class KeyView(Schema):
    id = fields.String()
    kind = fields.String(metadata={"enum": _KINDS})
    fingerprint = fields.String(metadata={"description": "Enough of it to tell keys apart."})
    created_at = Instant()
    expires_at = Instant(allow_none=True)
    retired_at = Instant(allow_none=True)


class PartnerView(Schema):
    id = fields.String()
    client_id = fields.String()
    name = fields.String()
    environment = fields.String()
    scopes = fields.List(fields.String())
    allowed_networks = fields.List(fields.String())
    certificate = fields.String(allow_none=True, metadata={"description": "Its fingerprint, masked."})
    created_at = Instant()
    ended_at = Instant(allow_none=True)
    keys = fields.List(fields.Nested(KeyView))


class PartnerListView(Schema):
    items = fields.List(fields.Nested(PartnerView))
    next_cursor = fields.String(allow_none=True)


class AddedPartnerView(Schema):
    partner = fields.Nested(PartnerView)
    secret = fields.String(allow_none=True, metadata=_SECRET_ONCE)


class AddedKeyView(Schema):
    key = fields.Nested(KeyView)
    secret = fields.String(allow_none=True, metadata=_SECRET_ONCE)
