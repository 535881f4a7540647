"""Sending announcements: claim one in a transaction, send it outside of any, note the result in another.

A claim holds for a while; a worker that dies leaves its sending to the next one. The same event may so arrive
twice, under the same id: receivers drop the second.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session, joinedload
from standardwebhooks import Webhook

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.kernel.outbound import Outbound, OutboundFailed, OutboundRefused
from miniprogram_api.registry.errors_subscriptions import (
    SendingMissing,
    SendingUnderWay,
    SubscriptionNotActive,
)
from miniprogram_api.registry.events_subscriptions import SendingReplayed
from miniprogram_api.registry.models.announcements import Announcement, Sending, SendingState
from miniprogram_api.registry.models.partners import PartnerClient
from miniprogram_api.registry.models.subscriptions import EventSubscription, SubscriptionState
from miniprogram_api.registry.rules import sendings as rules
from miniprogram_api.registry.rules.sendings import Verdict
from miniprogram_api.registry.service import subscriptions

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)  # longer than any request may take
KEPT = timedelta(days=90)  # how far the partners' log of sendings goes back
_PURGED_AT_ONCE = 500
_GONE = "the endpoint answered 410"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One sending, ready to go out; `attempt` tells a later claim of it apart."""

    sending_id: UUID
    subscription_id: UUID
    attempt: int
    url: str
    event_id: str
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt; `error` is a word of ours, never a text of the other side."""

    status: int | None
    error: str | None = None
    retry_after_s: float | None = None


def claim_next(session: Session, *, environment: str, now: datetime, skip: frozenset[UUID]) -> Parcel | None:
    """The next due sending to a partner of this environment, claimed: a copy of a database sends nothing.

    Subscriptions in `skip` have failed in this round and wait.
    """
    found = session.execute(_due(environment, now, skip)).one_or_none()
    if found is None:
        return None
    sending, announcement, subscription = found
    if subscription.url is None or announcement.feed_seq is None:
        raise AssertionError("unreachable")
    sending.state, sending.attempts = SendingState.RUNNING, sending.attempts + 1
    sending.next_attempt_at, sending.last_attempt_at = now + LEASE, now
    return Parcel(
        sending_id=sending.id,
        subscription_id=subscription.id,
        attempt=sending.attempts,
        url=subscription.url,
        event_id=str(announcement.id),
        body=rules.event_body(
            id=str(announcement.id),
            feed_seq=announcement.feed_seq,
            type=str(announcement.type),
            subject=announcement.subject,
            data=announcement.data,
            occurred_at=announcement.occurred_at,
        ),
        secrets=tuple(subscriptions.signing_secrets(subscription, now=now)),
    )


def _due(
    environment: str, now: datetime, skip: frozenset[UUID]
) -> Select[Sending, Announcement, EventSubscription]:
    return (
        select(Sending, Announcement, EventSubscription)
        .join(Announcement, Announcement.id == Sending.announcement_id)
        .join(EventSubscription, EventSubscription.id == Sending.subscription_id)
        .join(PartnerClient, PartnerClient.id == EventSubscription.partner_id)
        .where(
            PartnerClient.ended_at.is_(None),
            PartnerClient.environment == environment,
            Sending.state.in_((SendingState.PENDING, SendingState.RUNNING)),
            Sending.next_attempt_at <= now,
            Announcement.feed_seq.is_not(None),
            EventSubscription.state == SubscriptionState.ACTIVE,
            EventSubscription.id.not_in(skip),
        )
        .order_by(Sending.next_attempt_at, Announcement.feed_seq, Sending.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Sending)
        .execution_options(populate_existing=True)
    )


def send(outbound: Outbound, parcel: Parcel, *, now: datetime) -> Result:
    """Make one attempt, outside any transaction; whatever goes wrong is its result."""
    signatures = [
        Webhook(secret).sign(parcel.event_id, now, parcel.body.decode()) for secret in parcel.secrets
    ]
    headers = {
        "Content-Type": rules.MEDIA_TYPE,
        "webhook-id": parcel.event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    try:
        reply = outbound.request("POST", parcel.url, headers=headers, data=parcel.body)
    except OutboundRefused as refused:
        return Result(status=None, error=f"refused_{refused.reason}")
    except OutboundFailed as failed:
        return Result(status=None, error=failed.reason)
    asked = rules.retry_after_s(reply.headers.get("Retry-After"), now=now)
    return Result(status=reply.status, retry_after_s=asked)


def settle(session: Session, parcel: Parcel, result: Result, *, now: datetime) -> Verdict | None:
    """Note the result of an attempt; None when the claim had run out and another worker has it."""
    mine = select(Sending).where(
        Sending.id == parcel.sending_id,
        Sending.state == SendingState.RUNNING,
        Sending.attempts == parcel.attempt,
    )
    sending = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if sending is None:
        return None
    sending.last_status, sending.last_error = result.status, result.error
    found = rules.verdict(result.status)
    if found is Verdict.DELIVERED:
        sending.state, sending.delivered_at = SendingState.DELIVERED, now
    elif found is Verdict.GONE:
        sending.state = SendingState.FAILED
        _disable_gone(session, parcel)
    else:
        _postpone(sending, result, now)
    return found


def _postpone(sending: Sending, result: Result, now: datetime) -> None:
    chance = random.random()  # noqa: S311  jitter, not a secret
    at = rules.next_attempt(sending.attempts, now=now, chance=chance, retry_after_s=result.retry_after_s)
    sending.state = SendingState.FAILED if at is None else SendingState.PENDING
    sending.next_attempt_at = at or sending.next_attempt_at
    if at is None:
        log.error(
            "registry.alarm",
            alarm="sending_failed",
            sending=str(sending.id),
            subscription=str(sending.subscription_id),
            status=result.status,
        )


def _disable_gone(session: Session, parcel: Parcel) -> None:
    try:
        subscriptions.disable(session, parcel.subscription_id, reason=_GONE, actor=SYSTEM, only_at=parcel.url)
    except SubscriptionNotActive:
        return
    log.error("registry.alarm", alarm="endpoint_gone", subscription=str(parcel.subscription_id))


def replay(session: Session, sending_id: UUID, *, partner_id: UUID, actor: Actor, now: datetime) -> Sending:
    """Send an event again, with all its attempts before it.

    Raises SendingMissing, SendingUnderWay, or SubscriptionNotActive.
    """
    wanted = (
        select(Sending, EventSubscription)
        .join(EventSubscription, EventSubscription.id == Sending.subscription_id)
        .where(Sending.id == sending_id, EventSubscription.partner_id == partner_id)
        .options(joinedload(Sending.announcement))
        .with_for_update(of=Sending)
        .execution_options(populate_existing=True)
    )
    found = session.execute(wanted).one_or_none()
    if found is None:
        raise SendingMissing
    sending, subscription = found
    if sending.state in {SendingState.PENDING, SendingState.RUNNING}:
        raise SendingUnderWay
    if subscription.state is not SubscriptionState.ACTIVE:
        raise SubscriptionNotActive
    before = {"state": str(sending.state), "attempts": sending.attempts}
    sending.state, sending.attempts, sending.next_attempt_at = SendingState.PENDING, 0, now
    sending.replays += 1
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="registry.replay_sending",
        object_type="sending",
        object_id=str(sending.id),
        before=before,
    )
    events.publish(session, SendingReplayed(sending_id=str(sending.id), subscription_id=str(subscription.id)))
    return sending


def purge(session: Session, *, now: datetime) -> int:
    """Drop the next sendings of long ago, all attempts over; announcements stay. Returns how many."""
    old = select(Sending.id).where(Sending.created_at < now - KEPT).limit(_PURGED_AT_ONCE)
    return execute_counting(session, delete(Sending).where(Sending.id.in_(old)))
