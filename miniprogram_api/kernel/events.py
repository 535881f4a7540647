"""The transactional outbox: facts published in the command's own transaction and delivered after its commit.

Losing the queue that rings the doorbell loses nothing: rows are the truth, and a sweep finds the rest.
"""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import JSON, ForeignKey, Index, String, Text, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import (
    Model,
    UtcDateTime,
    after_commit,
    atomic,
    execute_counting,
    reading,
    retrying,
    text_enum,
)
from miniprogram_api.kernel.ids import new_id

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 20
_LONGEST_WAIT = timedelta(minutes=5)
_KEEP_DONE = timedelta(days=30)


class DeliveryState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


_OPEN = (DeliveryState.PENDING, DeliveryState.RUNNING)


class EventRow(Model):
    """A fact that happened, as it was published."""

    __tablename__ = "kernel_events"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeliveryRow(Model):
    """One event on its way to one subscriber."""

    __tablename__ = "kernel_deliveries"
    __table_args__ = (Index("ix_kernel_deliveries_due", "state", "next_attempt_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("kernel_events.id"), index=True)
    subscriber: Mapped[str] = mapped_column(String(80))
    state: Mapped[DeliveryState] = mapped_column(text_enum(DeliveryState))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Base of the facts: a frozen dataclass of plain JSON values, named `<feature>.<past tense>`."""

    name: ClassVar[str]


E = TypeVar("E", bound=Event)
Handler = Callable[[Session, Any], None]


@dataclasses.dataclass(frozen=True, slots=True)
class _Subscription:
    event_type: type[Event]
    handler: Handler


_subscriptions: dict[str, _Subscription] = {}


class _Doorbell:
    ring: Callable[[], None] = staticmethod(lambda: None)


def set_doorbell(ring: Callable[[], None]) -> None:
    """Have `ring` called after each commit that left something to deliver."""
    _Doorbell.ring = staticmethod(ring)


def subscribe(
    event_type: type[E], *, name: str
) -> Callable[[Callable[[Session, E], None]], Callable[[Session, E], None]]:
    """Register an idempotent handler; the transaction it runs in also marks the delivery done."""

    def register(handler: Callable[[Session, E], None]) -> Callable[[Session, E], None]:
        _subscriptions[name] = _Subscription(event_type, handler)
        return handler

    return register


def publish(session: Session, event: Event) -> None:
    """Record a fact and one delivery for each subscriber, in the transaction that is open."""
    row, deliveries = rows_of(event)
    session.add(EventRow(**row))
    if deliveries:
        session.flush()
        session.add_all(DeliveryRow(**delivery) for delivery in deliveries)
        ring_after_commit(session)


def publish_all(session: Session, facts: Sequence[Event]) -> None:
    """Publish many facts in two statements."""
    published = [rows_of(fact) for fact in facts]
    if published:
        session.execute(insert(EventRow), [row for row, _ in published])
    deliveries = [delivery for _, due in published for delivery in due]
    if deliveries:
        session.execute(insert(DeliveryRow), deliveries)
        ring_after_commit(session)


def rows_of(event: Event) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The column values `publish` would insert, for a command that writes in one statement.

    Such a command calls `ring_after_commit` too.
    """
    now = clock.now()
    row = {"id": new_id(), "name": event.name, "payload": dataclasses.asdict(event), "occurred_at": now}
    deliveries = [
        {
            "id": new_id(),
            "event_id": row["id"],
            "subscriber": name,
            "state": DeliveryState.PENDING,
            "attempts": 0,
            "next_attempt_at": now,
            "last_error": None,
        }
        for name, subscription in _subscriptions.items()
        if subscription.event_type is type(event)
    ]
    return row, deliveries


def ring_after_commit(session: Session) -> None:
    """Once the open transaction has committed, tell background work that there is something to deliver."""
    after_commit(session, _Doorbell.ring)


def drain(limit: int = 100) -> int:
    """Claim due deliveries and run each handler in a transaction of its own; returns how many it claimed."""
    claims = _claim(limit)
    for claim in claims:
        _deliver(claim)
    return len(claims)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class _Claim:
    """One delivery and the number of its attempt, by which a later claim of it tells itself apart."""

    delivery_id: UUID
    attempt: int


@retrying
def _claim(limit: int) -> list[_Claim]:
    now = clock.now()
    due = (
        select(DeliveryRow.id)
        .where(
            # A running delivery whose lease is over belonged to a worker that died.
            DeliveryRow.state.in_(_OPEN),
            DeliveryRow.next_attempt_at <= now,
        )
        .order_by(DeliveryRow.next_attempt_at, DeliveryRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(due))
        .values(state=DeliveryState.RUNNING, attempts=DeliveryRow.attempts + 1, next_attempt_at=now + LEASE)
        .returning(DeliveryRow.id, DeliveryRow.attempts)
        .execution_options(synchronize_session=False)
    )
    with atomic() as session:
        return sorted(_Claim(*row) for row in session.execute(claim))


def _deliver(claim: _Claim) -> None:
    try:
        _run_handler(claim)
    except Exception as error:  # the edge of background work: whatever went wrong is kept and tried again
        _postpone(claim, error)


@retrying
def _run_handler(claim: _Claim) -> None:
    with atomic() as session:
        delivery = _find_claimed(session, claim)
        if delivery is None:
            return
        row = session.get_one(EventRow, delivery.event_id)
        subscription = _subscriptions[delivery.subscriber]
        subscription.handler(session, subscription.event_type(**row.payload))
        delivery.state, delivery.last_error = DeliveryState.DONE, None


@retrying
def _postpone(claim: _Claim, error: Exception) -> None:
    with atomic() as session:
        delivery = _find_claimed(session, claim)
        if delivery is None:
            return
        dead = delivery.attempts >= MAX_ATTEMPTS
        delivery.state = DeliveryState.DEAD if dead else DeliveryState.PENDING
        delivery.next_attempt_at = clock.now() + min(timedelta(seconds=2**delivery.attempts), _LONGEST_WAIT)
        delivery.last_error = type(error).__name__
        subscriber = delivery.subscriber
    log.error("delivery_failed", subscriber=subscriber, attempts=claim.attempt, dead=dead, exc_info=error)


def _find_claimed(session: Session, claim: _Claim) -> DeliveryRow | None:
    """The delivery, locked; None when the lease ran out and another worker has taken it."""
    mine = select(DeliveryRow).where(
        DeliveryRow.id == claim.delivery_id,
        DeliveryRow.state == DeliveryState.RUNNING,
        DeliveryRow.attempts == claim.attempt,
    )
    return session.scalars(mine.with_for_update()).one_or_none()


@dataclasses.dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the outbox."""

    pending: int
    dead: int
    oldest_seconds: float


def backlog(session: Session) -> Backlog:
    """Count what is undelivered, and how long the oldest has been due."""
    counts = {
        state: (count, oldest)
        for state, count, oldest in session.execute(
            select(DeliveryRow.state, func.count(), func.min(DeliveryRow.next_attempt_at))
            .where(DeliveryRow.state != DeliveryState.DONE)
            .group_by(DeliveryRow.state)
        )
    }
    oldest = min((counts[state][1] for state in _OPEN if state in counts), default=None)
    return Backlog(
        pending=sum(counts[state][0] for state in _OPEN if state in counts),
        dead=counts.get(DeliveryState.DEAD, (0, None))[0],
        oldest_seconds=max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0,
    )


def measure_backlog() -> Backlog:
    """The backlog, read in a transaction of its own."""
    with reading() as session:
        return backlog(session)


def purge(session: Session, now: datetime) -> int:
    """Forget deliveries that were done long ago; events stay, they are the history of the product."""
    old = select(EventRow.id).where(EventRow.occurred_at < now - _KEEP_DONE)
    statement = delete(DeliveryRow).where(
        DeliveryRow.state == DeliveryState.DONE, DeliveryRow.event_id.in_(old)
    )
    return execute_counting(session, statement)
