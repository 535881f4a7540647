"""Subscriptions and the log of what was sent, as partners and administrators read them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from miniprogram_api.kernel.paging import Page, page
from miniprogram_api.registry.errors_subscriptions import SubscriptionMissing
from miniprogram_api.registry.models.announcements import Sending, SendingState
from miniprogram_api.registry.models.subscriptions import EventSubscription as EventSubscription
from miniprogram_api.registry.models.subscriptions import SubscriptionState


def list_subscriptions(
    session: Session,
    *,
    limit: int,
    cursor: str | None,
    partner_id: UUID | None = None,
    state: SubscriptionState | None = None,
) -> Page[EventSubscription]:
    """The newest first, of one partner or of all. Raises InvalidCursor."""
    statement = select(EventSubscription)
    if partner_id is not None:
        statement = statement.where(EventSubscription.partner_id == partner_id)
    if state is not None:
        statement = statement.where(EventSubscription.state == state)
    columns = [EventSubscription.created_at, EventSubscription.id]
    return page(session, statement, columns, limit=limit, cursor=cursor, descending=True)


def get_subscription(
    session: Session, subscription_id: UUID, *, partner_id: UUID | None = None
) -> EventSubscription:
    """A subscription, of one partner if that is given. Raises SubscriptionMissing."""
    found = session.get(EventSubscription, subscription_id)
    if found is None or (partner_id is not None and found.partner_id != partner_id):
        raise SubscriptionMissing
    return found


def list_sendings(
    session: Session,
    *,
    partner_id: UUID,
    limit: int,
    cursor: str | None,
    subscription_id: UUID | None = None,
    state: SendingState | None = None,
) -> Page[Sending]:
    """What a partner was or will be sent, the oldest first. Raises InvalidCursor."""
    statement = (
        select(Sending)
        .join(EventSubscription, EventSubscription.id == Sending.subscription_id)
        .join(Sending.announcement)
        .where(EventSubscription.partner_id == partner_id)
        .options(contains_eager(Sending.announcement))
    )
    if subscription_id is not None:
        statement = statement.where(Sending.subscription_id == subscription_id)
    if state is not None:
        statement = statement.where(Sending.state == state)
    return page(session, statement, [Sending.created_at, Sending.id], limit=limit, cursor=cursor)
