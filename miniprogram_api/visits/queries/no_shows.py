"""Which bookings nobody came for, by each booking's own policy, and which of those are nobody's fault."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.sites.rules import ClosureFacts, visibility
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    PolicyVersion,
    Slot,
    SlotState,
    Strike,
    StrikeKind,
)
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.rules.slots import WITHDRAWN


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedVisit:
    """A booking of which nobody came in time. `excused`: the site was closed, or let it pass."""

    id: UUID
    site_id: UUID
    slot_id: UUID
    member_id: UUID | None
    policy: Policy
    excused: bool


def lock_due(session: Session, *, now: datetime, limit: int) -> list[MissedVisit]:
    """The next bookings whose time is over, locked; those another worker has in hand are passed over."""
    waiting = and_(Booking.status == BookingStatus.CONFIRMED, Booking.starts_at < now)
    policies = _policies_of(session, waiting)
    due = select(Booking.id, Booking.site_id, Booking.slot_id, Booking.member_id, Booking.policy_id).where(
        waiting, _is_over(policies, now)
    )
    due = due.order_by(Booking.starts_at, Booking.id).limit(limit).with_for_update(skip_locked=True)
    rows = session.execute(due).all()
    excused = _excused_slots(session, {row.slot_id for row in rows})
    return [
        MissedVisit(
            id=row.id,
            site_id=row.site_id,
            slot_id=row.slot_id,
            member_id=row.member_id,
            policy=policies[row.policy_id],
            excused=row.slot_id in excused,
        )
        for row in rows
    ]


def list_missed(session: Session, slot_ids: Iterable[UUID], *, limit: int) -> list[UUID]:
    """Bookings of these slots that are marked as missed."""
    statement = select(Booking.id).where(
        Booking.slot_id.in_(slot_ids), Booking.status == BookingStatus.NO_SHOW
    )
    return list(session.scalars(statement.order_by(Booking.id).limit(limit).with_for_update()))


def begun_slots(session: Session, site_id: UUID, closure: ClosureFacts, *, now: datetime) -> list[UUID]:
    """The slots of a site that have begun and lie, even in part, in the hours of a closure."""
    statement = select(Slot.id, *_WHEN).where(_on_days_of(closure, site_id), Slot.starts_at <= now)
    rows = session.execute(statement.order_by(Slot.id))
    return [slot_id for slot_id, on, starts, ends in rows if _lies_in_hours(closure, on, starts, ends)]


def late_cancellations(session: Session, site_id: UUID, closure: ClosureFacts) -> list[UUID]:
    """Visits in the hours of a closure that their members cancelled too late, and that count against them."""
    statement = (
        select(Booking.id, *_WHEN)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Strike, Strike.booking_id == Booking.id)
        .where(
            _on_days_of(closure, site_id),
            Booking.status == BookingStatus.CANCELLED,
            Strike.kind == StrikeKind.LATE_CANCEL,
            Strike.waived_at.is_(None),
        )
    )
    rows = session.execute(statement.order_by(Booking.id))
    return [booking_id for booking_id, on, starts, ends in rows if _lies_in_hours(closure, on, starts, ends)]


_WHEN = (Slot.visit_on, Slot.starts_at, Slot.ends_at)


def _on_days_of(closure: ClosureFacts, site_id: UUID) -> ColumnElement[bool]:
    return and_(Slot.site_id == site_id, Slot.visit_on.between(closure.first_on, closure.last_on))


def _lies_in_hours(closure: ClosureFacts, visit_on: date, starts_at: datetime, ends_at: datetime) -> bool:
    first, last = closure.hours()
    return starts_at < beijing_time(visit_on, last) and ends_at > beijing_time(visit_on, first)


def _policies_of(session: Session, waiting: ColumnElement[bool]) -> dict[UUID, Policy]:
    used = select(Booking.policy_id).where(waiting).distinct()
    rows = session.execute(select(PolicyVersion.id, PolicyVersion.numbers).where(PolicyVersion.id.in_(used)))
    return {policy_id: policy_rules.from_numbers(numbers) for policy_id, numbers in rows}


def _is_over(policies: dict[UUID, Policy], now: datetime) -> ColumnElement[bool]:
    """`Policy.no_show_at` as SQL: versions that wait equally long share one comparison."""
    alike: dict[tuple[int | None, int], list[UUID]] = defaultdict(list)
    for policy_id, policy in policies.items():
        alike[policy.entry_after_minutes, policy.no_show_grace_minutes].append(policy_id)
    return or_(
        false(),
        *(
            and_(Booking.policy_id.in_(ids), _waited(entry_after, grace, now))
            for (entry_after, grace), ids in alike.items()
        ),
    )


def _waited(entry_after: int | None, grace: int, now: datetime) -> ColumnElement[bool]:
    if entry_after is None:
        return Booking.ends_at <= now - timedelta(minutes=grace)
    return Booking.starts_at <= now - timedelta(minutes=entry_after + grace)


def _excused_slots(session: Session, slot_ids: set[UUID]) -> set[UUID]:
    facts = site_queries.site_facts()
    statement = (
        select(Slot.id, Slot.state, Slot.closed_reason, Slot.amnesty)
        .add_columns(facts.c.lifecycle, facts.c.education_base, facts.c.overlay)
        .join(facts, facts.c.id == Slot.site_id)
        .where(Slot.id.in_(slot_ids))
    )
    excused = set()
    for slot_id, state, reason, amnesty, lifecycle, education_base, overlay in session.execute(statement):
        # A slot taken off the timetable is closed to new bookings only; its visits take place.
        closed = state is SlotState.CLOSED and reason != WITHDRAWN
        if closed or amnesty or not visibility(lifecycle, education_base, overlay).bookable:
            excused.add(slot_id)
    return excused
