"""A partner's subscriptions to our events, and the log of what it was sent."""

from http import HTTPStatus
from typing import Any

from flask import Response, current_app

from config.registry import RegistrySettings
from config.settings import Settings
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.models.announcements import Sending
from miniprogram_api.registry.models.subscriptions import EventSubscription
from miniprogram_api.registry.queries.subscriptions import (
    get_subscription,
    list_sendings,
    list_subscriptions,
)
from miniprogram_api.registry.schemas import subscriptions as wire
from miniprogram_api.registry.service import sending, subscriptions
from miniprogram_api.registry.service.endpoints import check_endpoint
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.partners import (
    MATCH_PARAMETER,
    Answer,
    PartnerPaging,
    PartnerRoutes,
    check_match,
    etag_of,
    paged,
    unchanged,
)
from miniprogram_api.web.schemas import parse_id

blp = PartnerRoutes("partner-subscriptions", __name__, description="Events that are sent to the registry")

_SCOPE = "events.write"
_ONE = "/subscriptions/<string:subscription_id>"


@blp.post("/subscriptions")
@requires(_SCOPE)
@blp.arguments(wire.SubscriptionBody, example=wire.SUBSCRIPTION_BODY)
@blp.response(HTTPStatus.CREATED, wire.NewSubscriptionView, example=wire.NEW_SUBSCRIPTION)
def request_subscription(body: dict[str, Any]) -> Answer:
    """Ask for events at an endpoint. None is sent before an administrator approves it and it shakes hands."""
    check_endpoint(body["url"], _registry())
    with atomic() as session:
        subscription, secret = subscriptions.request_subscription(
            session,
            partner_id=current_principal().id,
            actor=current_actor(),
            now=clock.now(),
            **body,
        )
    return _with_secret(subscription, secret)


@blp.get("/subscriptions")
@requires(_SCOPE)
@blp.arguments(PartnerPaging, location="query")
@blp.response(
    HTTPStatus.OK, wire.SubscriptionPage, example={"items": [wire.SUBSCRIPTION], "next_cursor": None}
)
def list_own_subscriptions(query: dict[str, Any]) -> Answer:
    """The caller's subscriptions, the newest first."""
    with reading() as session:
        found = list_subscriptions(session, partner_id=current_principal().id, **query)
    return paged(found.items, found.next_cursor)


@blp.get(_ONE)
@requires(_SCOPE)
@blp.response(HTTPStatus.OK, wire.SubscriptionView, example=wire.SUBSCRIPTION)
def get_own_subscription(subscription_id: str) -> Answer | Response:
    """One of the caller's subscriptions."""
    with reading() as session:
        found = get_subscription(session, parse_id(subscription_id), partner_id=current_principal().id)
    return unchanged(_etag_of(found)) or _tagged(found)


@blp.patch(_ONE)
@requires(_SCOPE)
@blp.doc(parameters=[MATCH_PARAMETER])
@blp.arguments(wire.ChangeSubscriptionBody, example={"types": ["engagement.site.opened"]})
@blp.response(HTTPStatus.OK, wire.SubscriptionView, example=wire.SUBSCRIPTION)
def change_own_subscription(body: dict[str, Any], subscription_id: str) -> Answer:
    """Other types hold at once; another endpoint is approved first, and the present one goes on meanwhile."""
    url, types = body.get("url"), body.get("types")
    if url is not None:
        check_endpoint(url, _registry())
    with atomic() as session:
        subscription = _own(session, subscription_id)
        check_match(_etag_of(subscription))
        subscriptions.change_subscription(session, subscription, url=url, types=types, actor=current_actor())
    return _tagged(subscription)


@blp.delete(_ONE)
@requires(_SCOPE)
@blp.response(HTTPStatus.NO_CONTENT)
def end_own_subscription(subscription_id: str) -> None:
    """Be sent nothing any more."""
    with atomic() as session:
        subscriptions.end_subscription(session, _own(session, subscription_id), actor=current_actor())


@blp.post(f"{_ONE}/secret")
@requires(_SCOPE)
@blp.response(HTTPStatus.OK, wire.NewSubscriptionView, example=wire.NEW_SUBSCRIPTION)
def rotate_own_secret(subscription_id: str) -> Answer:
    """A new secret, shown this once. For a week events carry a signature of the old one beside it."""
    with atomic() as session:
        subscription = _own(session, subscription_id)
        secret = subscriptions.rotate_secret(session, subscription, actor=current_actor(), now=clock.now())
    return _with_secret(subscription, secret)


@blp.get("/deliveries")
@requires(_SCOPE)
@blp.arguments(wire.SendingQuery, location="query")
@blp.response(HTTPStatus.OK, wire.SendingPage, example={"items": [wire.SENDING], "next_cursor": None})
def list_deliveries(query: dict[str, Any]) -> Answer:
    """What the caller was sent or will be, the oldest first, with the last result of each."""
    with reading() as session:
        found = list_sendings(session, partner_id=current_principal().id, **query)
    return paged(found.items, found.next_cursor)


@blp.post("/deliveries/<string:sending_id>/replay")
@requires(_SCOPE)
@blp.response(HTTPStatus.ACCEPTED, wire.SendingView, example={**wire.SENDING, "state": "pending"})
def replay_delivery(sending_id: str) -> Sending:
    """Be sent an event again, under its own id."""
    with atomic() as session:
        return sending.replay(
            session,
            parse_id(sending_id),
            partner_id=current_principal().id,
            actor=current_actor(),
            now=clock.now(),
        )


def _registry() -> RegistrySettings:
    settings: Settings = current_app.extensions["settings"]
    return settings.registry


def _own(session: Any, subscription_id: str) -> EventSubscription:
    return subscriptions.get_own(session, parse_id(subscription_id), partner_id=current_principal().id)


def _etag_of(subscription: EventSubscription) -> str:
    """Of all that is shown of it, which a change of any kind changes."""
    return etag_of(*(getattr(subscription, name) for name in wire.SubscriptionView().fields))


def _tagged(subscription: EventSubscription) -> Answer:
    return subscription, {"ETag": _etag_of(subscription)}


def _with_secret(subscription: EventSubscription, secret: str) -> Answer:
    names = wire.SubscriptionView().fields
    told = {name: getattr(subscription, name) for name in names} | {"secret": secret}
    return told, {"ETag": _etag_of(subscription)}
