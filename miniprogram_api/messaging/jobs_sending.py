"""Sends what messages repeat by WeChat: claimed in one transaction, sent in none, settled in another."""

from collections.abc import Mapping

import structlog
from flask import current_app
from prometheus_client import Counter

from config.wechat import MessageTemplate
from miniprogram_api.identity.service import members
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.messaging.models import DeliveryState
from miniprogram_api.messaging.rules import landing_page
from miniprogram_api.messaging.service import sending
from miniprogram_api.messaging.service.sending import Batch, Claimed
from miniprogram_api.wechat.errors import (
    ArgumentRefused,
    OutcomeUnknown,
    Refusal,
    SendRefused,
    WeChatUnavailable,
)
from miniprogram_api.wechat.gateway import Gateway

log = structlog.get_logger(__name__)

SENT = Counter("messaging_sends_total", "Subscription messages, by how they ended", ["outcome"])


@periodic("messaging.send_subscriptions")
def send_subscriptions() -> None:
    """Send what is due, until nothing is left or WeChat cannot be reached."""
    while _send_batch():
        pass


def _send_batch() -> bool:
    """Returns whether there may be more: not when those found were all busy, which would never end."""
    batch = _claim()
    with reading() as session:
        openids = members.list_openids(session, {delivery.member_id for delivery in batch.claimed})
    reached = True
    for delivery in batch.claimed:
        reached = _send(delivery, openids.get(delivery.member_id)) and reached
    return reached and bool(batch.claimed or batch.ended)


@retrying
def _claim() -> Batch:
    with atomic() as session:
        return sending.claim_batch(session, now=clock.now())


def _send(delivery: Claimed, openid: str | None) -> bool:
    """Send one message, once; returns whether WeChat could be reached."""
    templates: Mapping[str, MessageTemplate] = current_app.extensions["settings"].message_templates
    template = templates.get(delivery.template)
    if openid is None or template is None:
        _settle(delivery, DeliveryState.REFUSED, "nobody" if openid is None else "no_template")
        return True
    gateway: Gateway = current_app.extensions["wechat"]
    fields = {key: delivery.parts[part] for part, key in template.keys.items() if part in delivery.parts}
    try:
        result = gateway.send_subscribe_message(
            openid=openid,
            template_id=template.id,
            fields=fields,
            page=landing_page(delivery.template, delivery.subject_id),
        )
    except SendRefused as refusal:
        return _refused(delivery, refusal)
    except ArgumentRefused as unfit:
        log.warning("subscription_unfit", template=delivery.template.value, rule=unfit.params["rule"])
        _settle(delivery, DeliveryState.REFUSED, "argument")
    except OutcomeUnknown:
        _settle(delivery, DeliveryState.UNKNOWN, "no_answer")
    except WeChatUnavailable:
        _postpone(delivery, "unavailable")
        return False
    else:
        _settle(delivery, DeliveryState.SENT, result.msgid)
    return True


def _refused(delivery: Claimed, refusal: SendRefused) -> bool:
    """Note that it was not delivered; returns whether there is a point in sending more."""
    if refusal.reason is Refusal.BANNED:
        # Not this message's fault: what waits would be refused too, and cost each member a credit.
        log.error("subscriptions_banned", template=delivery.template.value)
        _postpone(delivery, refusal.reason.value)
        return False
    if not refusal.is_final:
        _postpone(delivery, refusal.reason.value)
        return True
    if refusal.reason is Refusal.NOT_SUBSCRIBED:
        _forget_credits(delivery)
    else:
        log.warning("subscription_refused", template=delivery.template.value, reason=refusal.reason.value)
    _settle(delivery, DeliveryState.REFUSED, refusal.reason.value)
    return True


@retrying
def _settle(delivery: Claimed, state: DeliveryState, outcome: str) -> None:
    SENT.labels(state.value).inc()
    with atomic() as session:
        sending.settle(session, delivery, state, outcome, now=clock.now())


@retrying
def _postpone(delivery: Claimed, reason: str) -> None:
    SENT.labels("postponed").inc()
    with atomic() as session:
        sending.postpone(session, delivery, reason, now=clock.now())


@retrying
def _forget_credits(delivery: Claimed) -> None:
    with atomic() as session:
        sending.forget_credits(session, delivery, now=clock.now())
