"""Calling those whose visit was cancelled: who calls is shown who they are, each look is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.paging import Page
from miniprogram_api.registry.events_withdrawals import WithdrawalCallDone
from miniprogram_api.registry.models import WithdrawalCall, WithdrawalCase
from miniprogram_api.registry.queries.withdrawals import callable_of, find_case
from miniprogram_api.visits.queries import withdrawals as visits
from miniprogram_api.visits.queries.withdrawals import PersonToCall


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to call, and whether that has been done."""

    person: PersonToCall
    called_at: datetime | None


def list_calls(
    session: Session, *, site_id: UUID, reason: str, actor: Actor, limit: int, cursor: str | None
) -> Page[Call]:
    """A page of people to call, unmasked, the nearest visit first; each look goes to the audit trail."""
    case = find_case(session, site_id)
    if case is None:
        return Page([], None)
    people = visits.list_people_to_call(session, callable_of(case), limit=limit, cursor=cursor)
    shown = [
        audit.row_of(
            actor=actor,
            action="registry.reveal_for_call",
            object_type="booking",
            object_id=str(person.booking_id),
            after={"case_id": str(case.id), "fields": ["name", "phone"]},
            reason=reason,
        )
        for person in people.items
    ]
    audit.record_all(session, shown)
    called = _called(session, [person.booking_id for person in people.items])
    return Page([Call(person, called.get(person.booking_id)) for person in people.items], people.next_cursor)


def tick_call(session: Session, *, site_id: UUID, booking_id: UUID, actor: Actor, now: datetime) -> datetime:
    """Note that somebody has been called, and when that was; again is harmless. Raises NotFound."""
    case = find_case(session, site_id)
    if case is None or not visits.is_to_be_called(session, callable_of(case), booking_id):
        raise NotFound
    # The case is locked, so that two who tick at once are one tick.
    session.execute(select(WithdrawalCase.id).where(WithdrawalCase.id == case.id).with_for_update()).one()
    known = _called(session, [booking_id])
    if known:
        return known[booking_id]
    session.add(
        WithdrawalCall(
            case_id=case.id, booking_id=booking_id, called_at=now, called_by=f"{actor.kind}:{actor.id}"
        )
    )
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=WithdrawalCallDone.name,
        object_type="booking",
        object_id=str(booking_id),
        after={"case_id": str(case.id)},
    )
    events.publish(session, WithdrawalCallDone(case_id=str(case.id), booking_id=str(booking_id)))
    return now


def _called(session: Session, booking_ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """When each was called, whatever case it was about: a visit is cancelled once."""
    ticks = select(WithdrawalCall.booking_id, WithdrawalCall.called_at).where(
        WithdrawalCall.booking_id.in_(booking_ids)
    )
    return {row.booking_id: row.called_at for row in session.execute(ticks)}
