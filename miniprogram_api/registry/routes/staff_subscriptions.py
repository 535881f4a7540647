"""Where the registry's events are sent: administrators approve, refuse and disable endpoints."""

from http import HTTPStatus
from typing import Any

from flask import current_app

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.models.subscriptions import EventSubscription
from miniprogram_api.registry.queries.subscriptions import get_subscription, list_subscriptions
from miniprogram_api.registry.schemas import subscriptions as wire
from miniprogram_api.registry.service import endpoints, subscriptions
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes(
    "staff-registry-subscriptions",
    __name__,
    url_prefix="/api/staff/v1/registry",
    description="Where events are sent",
)

_VIEW, _MANAGE = "registry.view", "registry.manage"
_ONE = "/subscriptions/<string:subscription_id>"
_REASON = {"reason": "接收地址与备案不一致"}


@blp.get("/subscriptions")
@requires(_VIEW)
@blp.arguments(wire.StaffSubscriptionQuery, location="query")
@blp.response(
    HTTPStatus.OK,
    wire.StaffSubscriptionPage,
    example={"items": [wire.STAFF_SUBSCRIPTION], "next_cursor": None},
)
def list_all_subscriptions(query: dict[str, Any]) -> Any:
    """The subscriptions of all partners, the newest first."""
    with reading() as session:
        return list_subscriptions(session, **query)


@blp.get(_ONE)
@requires(_VIEW)
@blp.response(HTTPStatus.OK, wire.StaffSubscriptionView, example=wire.STAFF_SUBSCRIPTION)
def get_any_subscription(subscription_id: str) -> EventSubscription:
    """One subscription."""
    with reading() as session:
        return get_subscription(session, parse_id(subscription_id))


@blp.post(f"{_ONE}/approve")
@requires(_MANAGE)
@blp.response(HTTPStatus.OK, wire.StaffSubscriptionView, example=wire.ACTIVE_SUBSCRIPTION)
def approve_subscription(subscription_id: str) -> EventSubscription:
    """Send events to the endpoint that was asked for, if it agrees to them in a handshake now."""
    with reading() as session:
        url = subscriptions.requested_url(get_subscription(session, parse_id(subscription_id)))
    client = endpoints.make_client(current_app.extensions["settings"].registry)
    endpoints.shake_hands(client, url)
    with atomic() as session:
        return subscriptions.approve(
            session, parse_id(subscription_id), url=url, actor=current_actor(), now=clock.now()
        )


@blp.post(f"{_ONE}/refuse")
@requires(_MANAGE)
@blp.arguments(wire.EndpointReasonBody, example=_REASON)
@blp.response(HTTPStatus.OK, wire.StaffSubscriptionView, example=wire.STAFF_SUBSCRIPTION)
def refuse_subscription(body: dict[str, Any], subscription_id: str) -> EventSubscription:
    """Refuse the endpoint that was asked for; an approved one goes on."""
    with atomic() as session:
        return subscriptions.refuse(session, parse_id(subscription_id), actor=current_actor(), **body)


@blp.post(f"{_ONE}/disable")
@requires(_MANAGE)
@blp.arguments(wire.EndpointReasonBody, example=_REASON)
@blp.response(HTTPStatus.OK, wire.StaffSubscriptionView, example=wire.ACTIVE_SUBSCRIPTION)
def disable_subscription(body: dict[str, Any], subscription_id: str) -> EventSubscription:
    """Send nothing until an endpoint is asked for and approved again."""
    with atomic() as session:
        return subscriptions.disable(session, parse_id(subscription_id), actor=current_actor(), **body)
