"""Announcing facts to partners: a row for the fact and one for each subscription that asked for its type.

Nothing is sent here. Background work gives what has committed its place in a feed, which is the `sequence` of
the event, and sends it.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import feeds
from miniprogram_api.kernel.events import ring_after_commit
from miniprogram_api.kernel.feeds import Feed
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.models.announcements import Announcement, EventType, Sending, SendingState
from miniprogram_api.registry.models.partners import PartnerClient
from miniprogram_api.registry.models.subscriptions import EventSubscription, SubscriptionState

ANNOUNCEMENTS = feeds.declare(
    Feed("registry.announcements", Announcement, order=(Announcement.occurred_at, Announcement.id))
)
_LARGEST_DATA = 16_000  # bytes of JSON; with its envelope an event stays below the 20 kB receivers take


def announce(
    session: Session,
    *,
    type: str,
    subject: str,
    data: Mapping[str, Any],
    now: datetime,
    merge_key: str | None = None,
) -> None:
    """Record a fact for partners, in the transaction that makes it one; `data` holds no personal data.

    One of the same `merge_key` that has not been sent yet takes the newer data up instead of adding a row.
    Raises ValueError for a type that the contract does not know and for data that no receiver would take.
    """
    kind = EventType(type)
    if len(json.dumps(data, ensure_ascii=False).encode()) > _LARGEST_DATA:
        raise ValueError(f"too much data for {type}: announce what changed, not all of it")
    if merge_key is not None and _merge(session, merge_key, data, now):
        return
    row = Announcement(
        id=new_id(),
        feed_seq=None,
        type=kind,
        subject=subject,
        data=dict(data),
        merge_key=merge_key,
        occurred_at=now,
    )
    session.add(row)
    session.flush()
    session.add_all(
        Sending(
            id=new_id(),
            announcement_id=row.id,
            subscription_id=subscription.id,
            state=SendingState.PENDING,
            attempts=0,
            replays=0,
            next_attempt_at=now,
            created_at=now,
        )
        for subscription in _listening(session, kind)
    )
    session.flush()
    ring_after_commit(session)


def _merge(session: Session, merge_key: str, data: Mapping[str, Any], now: datetime) -> bool:
    """Whether an announcement that nobody has numbered yet took the data up."""
    unsent = select(Announcement).where(Announcement.merge_key == merge_key, Announcement.feed_seq.is_(None))
    row = session.scalars(
        unsent.order_by(Announcement.id).limit(1).with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return False
    # Facts may be delivered out of their order: a later revision is not taken back by an earlier one.
    if data.get("revision", 0) >= row.data.get("revision", 0):
        row.data, row.occurred_at = dict(data), now
    return True


def _listening(session: Session, kind: EventType) -> list[EventSubscription]:
    active = (
        select(EventSubscription)
        .join(PartnerClient, PartnerClient.id == EventSubscription.partner_id)
        .where(EventSubscription.state == SubscriptionState.ACTIVE, PartnerClient.ended_at.is_(None))
    )
    return [
        subscription
        for subscription in session.scalars(active.order_by(EventSubscription.id))
        if kind.value in subscription.types
    ]
