"""Repeating messages by subscription message: planned with the message, sent outside every transaction.

A delivery is claimed, sent, and settled. Whoever dies in between leaves it claimed; it is then taken for
unknown, because it may have arrived, and is never sent again. WeChat refuses two messages to one person at
the same moment, so nobody has more than one claimed, however many workers there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from miniprogram_api.kernel.db import execute_counting
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging.models import (
    Channel,
    DeliveryState,
    Message,
    MessageDelivery,
    SubscriptionCredit,
)
from miniprogram_api.messaging.rules import Template

BATCH = 20
MAX_ATTEMPTS = 8
_LEASE = timedelta(minutes=10)
_LONGEST_WAIT = timedelta(hours=1)
_QUIETLY = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Planned:
    """A message that could be repeated, and the parts that its template is made of."""

    message_id: UUID
    member_id: UUID
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send, its credit spent."""

    id: UUID
    member_id: UUID
    template: Template
    subject_id: str
    parts: Mapping[str, str]
    attempt: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What a look for due deliveries came to."""

    claimed: list[Claimed]
    ended: int  # for want of a credit


def plan(session: Session, *, template: Template, messages: Sequence[Planned], now: datetime) -> int:
    """Have the messages of those repeated who have a message of the template left; returns how many."""
    asked = {message.member_id for message in messages}
    if not asked:
        return 0
    ready = select(SubscriptionCredit.member_id).where(
        SubscriptionCredit.member_id.in_(asked),
        SubscriptionCredit.template == template.value,
        SubscriptionCredit.credits > 0,
    )
    granted = set(session.scalars(ready))
    rows = [
        {
            "id": new_id(),
            "message_id": message.message_id,
            "channel": Channel.WECHAT,
            "member_id": message.member_id,
            "template": template.value,
            "parts": dict(message.parts),
            "state": DeliveryState.PENDING,
            "attempts": 0,
            "next_attempt_at": now,
            "outcome": None,
            "created_at": now,
            "sent_at": None,
        }
        for message in messages
        if message.member_id in granted
    ]
    if rows:
        session.execute(insert(MessageDelivery), rows)
    return len(rows)


def claim(session: Session, *, now: datetime, limit: int = BATCH) -> list[Claimed]:
    """Take the next deliveries that are due, one for each member and each with one credit of theirs."""
    return claim_batch(session, now=now, limit=limit).claimed


def claim_batch(session: Session, *, now: datetime, limit: int = BATCH) -> Batch:
    """Take the next deliveries that are due, one for each member and each with one credit of theirs.

    Those for whom no credit is left end here; those that somebody claimed long ago are unknown. Whoever goes
    on while something was claimed or ended comes to an end: neither is due again at once.
    """
    _end_abandoned(session, now)
    found = _list_due(session, now, limit)
    # The locks on all credits of a member make other claims wait; who is busy is known after that only.
    credits = _lock_credits(session, {delivery.member_id for delivery in found})
    busy = _list_busy(session, {delivery.member_id for delivery in found})
    subjects = _list_subjects(session, [delivery.message_id for delivery in found])
    claimed: list[Claimed] = []
    ended = 0
    for delivery in found:
        if delivery.member_id in busy:
            continue
        credit = credits.get((delivery.member_id, delivery.template))
        if credit is None or credit.credits == 0:
            delivery.state, ended = DeliveryState.NO_CREDIT, ended + 1
            continue
        busy.add(delivery.member_id)
        credit.credits, credit.updated_at = credit.credits - 1, now
        delivery.state, delivery.attempts = DeliveryState.SENDING, delivery.attempts + 1
        delivery.next_attempt_at = now + _LEASE
        claimed.append(
            Claimed(
                delivery.id,
                delivery.member_id,
                Template(delivery.template),
                subjects[delivery.message_id],
                delivery.parts,
                delivery.attempts,
            )
        )
    session.flush()
    return Batch(claimed, ended)


def settle(session: Session, claimed: Claimed, state: DeliveryState, outcome: str, *, now: datetime) -> None:
    """Write down how a delivery ended."""
    values: dict[str, object] = {"state": state, "outcome": outcome}
    if state is DeliveryState.SENT:
        values["sent_at"] = now
    _set(session, claimed, values)


def forget_credits(session: Session, claimed: Claimed, *, now: datetime) -> None:
    """WeChat says that the member has no message left: so it is."""
    _set_credits(session, claimed, 0, now)


def postpone(session: Session, claimed: Claimed, reason: str, *, now: datetime) -> None:
    """It was certainly not sent: the credit comes back, and it is tried later, or given up in the end."""
    _set_credits(session, claimed, SubscriptionCredit.credits + 1, now)
    given_up = claimed.attempt >= MAX_ATTEMPTS
    wait = min(timedelta(minutes=2 ** (claimed.attempt - 1)), _LONGEST_WAIT)
    state = DeliveryState.GIVEN_UP if given_up else DeliveryState.PENDING
    _set(session, claimed, {"state": state, "outcome": reason, "next_attempt_at": now + wait})


def fail_sent(session: Session, *, member_id: UUID, msgid: str, outcome: str) -> bool:
    """WeChat took a message and tells later that it did not arrive; returns whether we know of it."""
    sent = update(MessageDelivery).where(
        MessageDelivery.member_id == member_id,
        MessageDelivery.state == DeliveryState.SENT,
        MessageDelivery.outcome == msgid,
    )
    return execute_counting(session, sent.values(state=DeliveryState.REFUSED, outcome=outcome)) > 0


def is_sending(session: Session, *, member_id: UUID) -> bool:
    """Whether a message is on its way to a member, its id not written down yet."""
    return bool(_list_busy(session, {member_id}))


def _list_due(session: Session, now: datetime, limit: int) -> Sequence[MessageDelivery]:
    other = aliased(MessageDelivery)
    sending = exists().where(
        other.member_id == MessageDelivery.member_id, other.state == DeliveryState.SENDING
    )
    due = (
        select(MessageDelivery)
        .where(
            MessageDelivery.state == DeliveryState.PENDING,
            MessageDelivery.next_attempt_at <= now,
            ~sending,
        )
        .order_by(MessageDelivery.next_attempt_at, MessageDelivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=MessageDelivery)
    )
    return session.scalars(due.execution_options(populate_existing=True)).all()


def _list_busy(session: Session, members: set[UUID]) -> set[UUID]:
    sending = select(MessageDelivery.member_id).where(
        MessageDelivery.member_id.in_(members), MessageDelivery.state == DeliveryState.SENDING
    )
    return set(session.scalars(sending)) if members else set()


def _list_subjects(session: Session, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    of_messages = select(Message).where(Message.id.in_(message_ids))
    return {message.id: message.subject_id for message in session.scalars(of_messages)} if message_ids else {}


def _end_abandoned(session: Session, now: datetime) -> None:
    abandoned = update(MessageDelivery).where(
        MessageDelivery.state == DeliveryState.SENDING, MessageDelivery.next_attempt_at <= now
    )
    execute_counting(session, abandoned.values(state=DeliveryState.UNKNOWN, outcome="abandoned"))


def _lock_credits(session: Session, members: set[UUID]) -> dict[tuple[UUID, str], SubscriptionCredit]:
    theirs = select(SubscriptionCredit).where(SubscriptionCredit.member_id.in_(members))
    ordered = theirs.order_by(SubscriptionCredit.member_id, SubscriptionCredit.template).with_for_update()
    rows = session.scalars(ordered.execution_options(populate_existing=True)) if members else ()
    return {(credit.member_id, credit.template): credit for credit in rows}


def _set(session: Session, claimed: Claimed, values: Mapping[str, object]) -> None:
    # Also when the lease ran out meanwhile: what really happened is known better here.
    mine = update(MessageDelivery).where(
        MessageDelivery.id == claimed.id,
        MessageDelivery.attempts == claimed.attempt,
        MessageDelivery.state.in_((DeliveryState.SENDING, DeliveryState.UNKNOWN)),
    )
    session.execute(mine.values(dict(values)).execution_options(**_QUIETLY))


def _set_credits(session: Session, claimed: Claimed, credits: object, now: datetime) -> None:
    theirs = update(SubscriptionCredit).where(
        SubscriptionCredit.member_id == claimed.member_id,
        SubscriptionCredit.template == claimed.template.value,
    )
    session.execute(theirs.values(credits=credits, updated_at=now).execution_options(**_QUIETLY))
