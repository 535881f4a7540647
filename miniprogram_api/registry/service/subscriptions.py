"""Subscriptions of partners: asked for by them, approved by an administrator, ended by either."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, crypto, events
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.errors_subscriptions import (
    NothingToApprove,
    SubscriptionEnded,
    SubscriptionMissing,
    SubscriptionNotActive,
    TooManySubscriptions,
)
from miniprogram_api.registry.events_subscriptions import SubscriptionChanged
from miniprogram_api.registry.models.announcements import EventType, Sending, SendingState
from miniprogram_api.registry.models.partners import PartnerClient
from miniprogram_api.registry.models.subscriptions import EventSubscription, SubscriptionState

MOST_SUBSCRIPTIONS = 10
OLD_SECRET_FOR = timedelta(days=7)
_SECRET_BYTES = 32


def new_secret() -> str:
    """A signing secret as receivers are given it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def signing_secrets(subscription: EventSubscription, *, now: datetime) -> list[str]:
    """The secrets that sign at the moment: the present one, and the one before it while its time lasts."""
    ciphers = [("secret", subscription.secret_cipher)]
    if (
        subscription.old_secret_cipher
        and subscription.old_secret_until
        and subscription.old_secret_until > now
    ):
        ciphers.append(("old_secret", subscription.old_secret_cipher))
    return [crypto.decrypt(cipher, context=_context(subscription.id, field)) for field, cipher in ciphers]


def _seal(secret: str, subscription_id: UUID, field: str = "secret") -> str:
    return crypto.encrypt(secret, context=_context(subscription_id, field))


def _context(subscription_id: UUID, field: str) -> str:
    # As rotation of keys names it, by which each column is written again.
    return f"registry_subscriptions.{field}:{subscription_id}"


def request_subscription(
    session: Session, *, partner_id: UUID, url: str, types: Sequence[str], actor: Actor, now: datetime
) -> tuple[EventSubscription, str]:
    """Ask for events at an endpoint; nothing is sent until it is approved. The secret is told this once.

    Raises TooManySubscriptions.
    """
    # Requests of one partner are counted one after the other.
    session.get(PartnerClient, partner_id, with_for_update=True)
    alive = select(func.count()).where(
        EventSubscription.partner_id == partner_id, EventSubscription.state != SubscriptionState.ENDED
    )
    if session.scalars(alive).one() >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions(most=MOST_SUBSCRIPTIONS)
    subscription, secret = _new(partner_id=partner_id, types=types, now=now)
    subscription.requested_url = url
    session.add(subscription)
    _note(session, subscription, "request_subscription", actor, after={"url": url, "types": list(types)})
    return subscription, secret


def add_approved(
    session: Session,
    *,
    partner_id: UUID,
    url: str,
    now: datetime,
    types: Sequence[str] = tuple(EventType),
    secret: str | None = None,
) -> EventSubscription:
    """A subscription that needs neither approval nor handshake, for a demonstration set up as a whole."""
    subscription, _ = _new(partner_id=partner_id, types=types, now=now, secret=secret)
    subscription.url, subscription.state = url, SubscriptionState.ACTIVE
    subscription.approved_by, subscription.approved_at = SYSTEM.id, now
    session.add(subscription)
    _note(session, subscription, "add_subscription", SYSTEM, after={"url": url})
    return subscription


def _new(
    *, partner_id: UUID, types: Sequence[str], now: datetime, secret: str | None = None
) -> tuple[EventSubscription, str]:
    subscription_id, told = new_id(), secret or new_secret()
    subscription = EventSubscription(
        id=subscription_id,
        partner_id=partner_id,
        types=[EventType(kind).value for kind in types],
        state=SubscriptionState.PENDING,
        secret_cipher=_seal(told, subscription_id),
        created_at=now,
    )
    return subscription, told


def get_own(session: Session, subscription_id: UUID, *, partner_id: UUID) -> EventSubscription:
    """A partner's own subscription, locked. Raises SubscriptionMissing."""
    found = _lock(session, subscription_id)
    if found.partner_id != partner_id:
        raise SubscriptionMissing
    return found


def _lock(session: Session, subscription_id: UUID) -> EventSubscription:
    wanted = select(EventSubscription).where(EventSubscription.id == subscription_id).with_for_update()
    found = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise SubscriptionMissing
    return found


def change_subscription(
    session: Session,
    subscription: EventSubscription,
    *,
    url: str | None,
    types: Sequence[str] | None,
    actor: Actor,
) -> None:
    """Ask for another endpoint, which waits for approval while the present one goes on, or for other types.

    Raises SubscriptionEnded.
    """
    _refuse_ended(subscription)
    before = {"url": subscription.url, "types": list(subscription.types)}
    if types is not None:
        subscription.types = list(types)
    if url is not None:
        moved = url != subscription.url or subscription.state is not SubscriptionState.ACTIVE
        subscription.requested_url = url if moved else None
    after = {"requested_url": subscription.requested_url, "types": list(subscription.types)}
    _note(session, subscription, "change_subscription", actor, before=before, after=after)


def rotate_secret(session: Session, subscription: EventSubscription, *, actor: Actor, now: datetime) -> str:
    """A new secret, told this once; the one before it signs along for a week. Raises SubscriptionEnded."""
    _refuse_ended(subscription)
    secret, context = new_secret(), _context(subscription.id, "secret")
    before = crypto.decrypt(subscription.secret_cipher, context=context)
    subscription.old_secret_cipher = _seal(before, subscription.id, "old_secret")
    subscription.old_secret_until = now + OLD_SECRET_FOR
    subscription.secret_cipher = _seal(secret, subscription.id)
    _note(session, subscription, "rotate_subscription_secret", actor)
    return secret


def end_subscription(session: Session, subscription: EventSubscription, *, actor: Actor) -> None:
    """Send nothing any more, for good; ended twice is ended once."""
    if subscription.state is SubscriptionState.ENDED:
        return
    subscription.state, subscription.requested_url = SubscriptionState.ENDED, None
    _give_up_sendings(session, subscription.id)
    _note(session, subscription, "end_subscription", actor)


def requested_url(subscription: EventSubscription) -> str:
    """The endpoint that waits for approval. Raises NothingToApprove."""
    if subscription.state is SubscriptionState.ENDED or subscription.requested_url is None:
        raise NothingToApprove
    return subscription.requested_url


def approve(
    session: Session, subscription_id: UUID, *, url: str, actor: Actor, now: datetime
) -> EventSubscription:
    """Send events to the endpoint, which has agreed to them. Raises SubscriptionMissing, NothingToApprove."""
    subscription = _lock(session, subscription_id)
    if requested_url(subscription) != url:
        raise NothingToApprove
    before = {"url": subscription.url, "state": str(subscription.state)}
    subscription.url, subscription.requested_url = url, None
    subscription.state, subscription.reason = SubscriptionState.ACTIVE, None
    subscription.approved_by, subscription.approved_at = actor.id, now
    _note(session, subscription, "approve_subscription", actor, before=before, after={"url": url})
    return subscription


def refuse(session: Session, subscription_id: UUID, *, reason: str, actor: Actor) -> EventSubscription:
    """Refuse the endpoint that was asked for; an approved one goes on. Raises as `approve`."""
    subscription = _lock(session, subscription_id)
    before = {"requested_url": requested_url(subscription)}
    subscription.requested_url, subscription.reason = None, reason
    _note(session, subscription, "refuse_subscription", actor, before=before, reason=reason)
    return subscription


def disable(
    session: Session, subscription_id: UUID, *, reason: str, actor: Actor, only_at: str | None = None
) -> EventSubscription:
    """Send nothing until an endpoint is asked for and approved again; what waits can be replayed then.

    Raises SubscriptionMissing, or SubscriptionNotActive where nothing is sent anyway, or not to `only_at`.
    """
    subscription = _lock(session, subscription_id)
    moved = only_at is not None and subscription.url != only_at
    if moved or subscription.state is not SubscriptionState.ACTIVE:
        raise SubscriptionNotActive
    subscription.state, subscription.reason = SubscriptionState.DISABLED, reason
    _give_up_sendings(session, subscription.id)
    _note(session, subscription, "disable_subscription", actor, reason=reason)
    return subscription


def _give_up_sendings(session: Session, subscription_id: UUID) -> None:
    waiting = update(Sending).where(
        Sending.subscription_id == subscription_id,
        Sending.state.in_([SendingState.PENDING, SendingState.RUNNING]),
    )
    given_up = waiting.values(state=SendingState.FAILED, last_error="subscription_stopped")
    session.execute(given_up.execution_options(synchronize_session=False))


def _refuse_ended(subscription: EventSubscription) -> None:
    if subscription.state is SubscriptionState.ENDED:
        raise SubscriptionEnded


def _note(
    session: Session,
    subscription: EventSubscription,
    action: str,
    actor: Actor,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"registry.{action}",
        object_type="event_subscription",
        object_id=str(subscription.id),
        before=before,
        after=after,
        reason=reason,
    )
    state = str(subscription.state)
    events.publish(session, SubscriptionChanged(subscription_id=str(subscription.id), state=state))
