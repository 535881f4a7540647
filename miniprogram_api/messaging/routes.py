"""Messages over HTTP: a member reads their own."""

from http import HTTPStatus
from typing import Any

from flask import current_app

from config.wechat import MessageTemplate
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.messaging import queries
from miniprogram_api.messaging.models import Message
from miniprogram_api.messaging.rules import Template
from miniprogram_api.messaging.schemas import (
    MESSAGE,
    MESSAGES,
    SUBSCRIBE,
    SUBSCRIPTION,
    SUBSCRIPTIONS,
    MessagesView,
    MessageView,
    SubscribeBody,
    SubscriptionsView,
    SubscriptionView,
)
from miniprogram_api.messaging.service import inbox, subscriptions
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import Paging, parse_id

blp = Routes("messages", __name__, url_prefix="/api/v1/messages", description="What a member was told")
subscriptions_blp = Routes(
    "subscriptions", __name__, url_prefix="/api/v1/subscriptions", description="Messages a member accepts"
)
APP_BLUEPRINTS = (blp, subscriptions_blp)


@blp.get("")
@requires("member.self")
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, MessagesView, example=MESSAGES)
def list_messages(paging: dict[str, Any]) -> dict[str, Any]:
    """One's own messages, the newest first."""
    member_id = current_principal().id
    with reading() as session:
        found = queries.list_messages(session, member_id=member_id, **paging)
        unread = queries.count_unread(session, member_id=member_id)
    return {"items": found.items, "next_cursor": found.next_cursor, "unread": unread}


@blp.post("/<string:message_id>/read")
@requires("member.self")
@blp.response(HTTPStatus.OK, MessageView, example=MESSAGE)
def mark_read(message_id: str) -> Message:
    """Note that a message was opened; again is harmless."""
    with atomic() as session:
        return inbox.mark_read(
            session,
            member_id=current_principal().id,
            message_id=parse_id(message_id),
            now=clock.now(),
            actor=current_actor(),
        )


@subscriptions_blp.get("")
@requires("member.self")
@subscriptions_blp.response(HTTPStatus.OK, SubscriptionsView, example=SUBSCRIPTIONS)
def list_subscriptions() -> dict[str, Any]:
    """The subscription messages there are, to ask a member for, and how many of each are left."""
    with reading() as session:
        left = subscriptions.list_credits(session, member_id=current_principal().id)
    items = [
        {"template": Template(name), "template_id": template.id, "left": left.get(Template(name), 0)}
        for name, template in _templates().items()
    ]
    return {"items": items, "next_cursor": None}


@subscriptions_blp.post("")
@requires("member.self")
@subscriptions_blp.arguments(SubscribeBody, example=SUBSCRIBE)
@subscriptions_blp.response(HTTPStatus.OK, SubscriptionView, example=SUBSCRIPTION)
def note_subscription(body: dict[str, Any]) -> dict[str, Any]:
    """Note what a member chose when asked: each acceptance is one message of the template."""
    name, template = _find_template(body["template"])
    with atomic() as session:
        left = subscriptions.note_choice(
            session,
            member_id=current_principal().id,
            template=name,
            accepted=body["accepted"],
            actor=current_actor(),
            now=clock.now(),
        )
    return {"template": name, "template_id": template.id, "left": left}


def _templates() -> dict[str, MessageTemplate]:
    templates: dict[str, MessageTemplate] = current_app.extensions["settings"].message_templates
    return templates


def _find_template(asked: str) -> tuple[Template, MessageTemplate]:
    """By our name or by WeChat's id. Raises Invalid for one that is not set up."""
    for name, template in _templates().items():
        if asked in {name, template.id}:
            return Template(name), template
    raise Invalid(fields=[FieldError("template", "field.choice")])
