"""Messages on the wire."""

from marshmallow import fields, validate

from miniprogram_api.messaging.models import MessageKind
from miniprogram_api.messaging.rules import Template
from miniprogram_api.web.schemas import Instant, Schema

MESSAGE = {
    "id": "01a204aa-500c-778c-be6d-3bad739addfb",
    "kind": "visit_cancelled_by_site",
    "subject_id": "01a204aa-500c-778c-be6d-3bad739addfa",
    "title": "您的预约已被示范点取消",
    "body": "很抱歉，您预约的净月潭低碳示范景区（示例）11月24日（周二）09:00–10:00的参观不能进行……",
    "created_at": "2026-11-23T10:00:00+08:00",
    "read_at": None,
}
MESSAGES = {"items": [MESSAGE], "next_cursor": None, "unread": 1}
SUBSCRIBE = {"template": "visit_cancelled", "accepted": True}
SUBSCRIPTION = {"template": "visit_cancelled", "template_id": "Xk2v…", "left": 1}
SUBSCRIPTIONS = {"items": [SUBSCRIPTION], "next_cursor": None}


class MessageView(Schema):
    """One message; `subject_id` is the booking, objection or feedback it speaks of."""

    id = fields.String(required=True)
    kind = fields.Enum(MessageKind, by_value=True, required=True)
    subject_id = fields.String(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True)
    created_at = Instant(required=True)
    read_at = Instant(required=True, allow_none=True)


class MessagesView(Schema):
    """A page of messages, and how many are unread in all."""

    items = fields.List(fields.Nested(MessageView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    unread = fields.Integer(required=True)


class SubscribeBody(Schema):
    """What a member chose; the template by our name for it or by WeChat's id."""

    template = fields.String(required=True, validate=validate.Length(min=1, max=80))
    accepted = fields.Boolean(required=True, truthy={True}, falsy={False})


class SubscriptionView(Schema):
    """A subscription message that a member can accept, and how many of it are left to send to them."""

    template = fields.Enum(Template, by_value=True, required=True)
    template_id = fields.String(required=True)
    left = fields.Integer(required=True)


class SubscriptionsView(Schema):
    items = fields.List(fields.Nested(SubscriptionView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
