"""The wire format of subscriptions and of the log of what was sent."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.registry.models.announcements import EventType, SendingState
from miniprogram_api.registry.models.subscriptions import SubscriptionState
from miniprogram_api.registry.rules.sendings import is_endpoint, sequence
from miniprogram_api.web.partners import PartnerPaging
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema, Text

SUBSCRIPTION_BODY = {
    "url": "https://registry.example.gov.cn/inbox",
    "types": ["engagement.daily.updated", "engagement.withdrawal.completed"],
}
SUBSCRIPTION = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b50",
    "state": "pending",
    "url": None,
    "requested_url": SUBSCRIPTION_BODY["url"],
    "types": SUBSCRIPTION_BODY["types"],
    "reason": None,
    "old_secret_until": None,
    "created_at": "2026-11-20T09:00:00+08:00",
    "approved_at": None,
}
NEW_SUBSCRIPTION = {**SUBSCRIPTION, "secret": "whsec_…"}
STAFF_SUBSCRIPTION = {**SUBSCRIPTION, "partner_id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b51"}
ACTIVE_SUBSCRIPTION = {
    **STAFF_SUBSCRIPTION,
    "state": "active",
    "url": SUBSCRIPTION_BODY["url"],
    "requested_url": None,
    "approved_at": "2026-11-20T10:00:00+08:00",
}
SENDING = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b52",
    "subscription_id": SUBSCRIPTION["id"],
    "event_id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b53",
    "type": "engagement.daily.updated",
    "subject": "CC-2025-0001",
    "sequence": "00000000000000000042",
    "state": "delivered",
    "attempts": 1,
    "replays": 0,
    "next_attempt_at": None,
    "last_attempt_at": "2026-11-20T09:00:05+08:00",
    "last_status": 202,
    "last_error": None,
    "delivered_at": "2026-11-20T09:00:05+08:00",
    "created_at": "2026-11-20T09:00:00+08:00",
}
_URL_LENGTH = 500
_TYPES = tuple(kind.value for kind in EventType)


class Endpoint(fields.String):
    """An address that events can be sent to."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if len(text) > _URL_LENGTH:
            raise ma.ValidationError("field.length")
        if not is_endpoint(text):
            raise ma.ValidationError("field.invalid")
        return text


class Sequence(fields.String):
    """A number as events carry it; null until it has been given."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else sequence(value)


def _types(**options: Any) -> Any:
    return fields.List(
        fields.String(validate=validate.OneOf(_TYPES, error="field.choice")),
        validate=validate.Length(min=1, max=len(_TYPES)),
        **options,
    )


class SubscriptionBody(Schema):
    url = Endpoint(required=True)
    types = _types(required=True)


class ChangeSubscriptionBody(Schema):
    """Another endpoint waits for an administrator; other types hold at once."""

    url = Endpoint()
    types = _types()


class SubscriptionView(Schema):
    id = fields.String()
    state = fields.Enum(SubscriptionState, by_value=True)
    url = fields.String(allow_none=True)
    requested_url = fields.String(allow_none=True)
    types = fields.List(fields.String())
    reason = fields.String(allow_none=True)
    old_secret_until = Instant(allow_none=True)
    created_at = Instant()
    approved_at = Instant(allow_none=True)


class NewSubscriptionView(SubscriptionView):
    """A subscription with the secret that signs what it is sent; shown this once."""

    secret = fields.String()


class SubscriptionPage(Schema):
    items = fields.List(fields.Nested(SubscriptionView))
    next_cursor = fields.String(allow_none=True)


class StaffSubscriptionView(SubscriptionView):
    partner_id = fields.String()


class StaffSubscriptionPage(Schema):
    items = fields.List(fields.Nested(StaffSubscriptionView))
    next_cursor = fields.String(allow_none=True)


class StaffSubscriptionQuery(Paging):
    state = fields.Enum(SubscriptionState, by_value=True, load_default=None)


class EndpointReasonBody(Schema):
    reason = Text(max_length=200, required=True)


class SendingQuery(PartnerPaging):
    subscription_id = Id(load_default=None)
    state = fields.Enum(SendingState, by_value=True, load_default=None)


class SendingView(Schema):
    """One event for one subscription. What the endpoint answered is kept as its status alone."""

    id = fields.String()
    subscription_id = fields.String()
    event_id = fields.String(attribute="announcement_id")
    type = fields.String(attribute="announcement.type")
    subject = fields.String(attribute="announcement.subject")
    sequence = Sequence(attribute="announcement.feed_seq", allow_none=True)
    state = fields.Enum(SendingState, by_value=True)
    attempts = fields.Integer()
    replays = fields.Integer()
    next_attempt_at = Instant(attribute="due_at", allow_none=True)
    last_attempt_at = Instant(allow_none=True)
    last_status = fields.Integer(allow_none=True)
    last_error = fields.String(allow_none=True)
    delivered_at = Instant(allow_none=True)
    created_at = Instant()


class SendingPage(Schema):
    items = fields.List(fields.Nested(SendingView))
    next_cursor = fields.String(allow_none=True)
