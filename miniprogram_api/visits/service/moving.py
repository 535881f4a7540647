"""Taking parties to other slots as the site, and bringing back those whose visits it had cancelled.

Each party by itself, in a savepoint: places taken, nobody twice on a day, a new ticket, or nothing. The
caller has the site's slots locked, the parties' bookings too, and tells what happened.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.visits.models import Booking, BookingStatus, Outcome, PolicyVersion, Visitor
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.moving import Mover, Room
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.service import visitors
from miniprogram_api.visits.service.constraints import refusal
from miniprogram_api.visits.service.ending import BY_SITE
from miniprogram_api.visits.service.seats import Places, move_places
from miniprogram_api.visits.service.ticketing import reissue

_QUIETLY = {"synchronize_session": False}


class _Refused(Exception):
    def __init__(self, why: Outcome) -> None:
        super().__init__(why)
        self.why = why


def policies_of(session: Session, policy_ids: Collection[UUID]) -> dict[UUID, Policy]:
    """The rules that bookings were made under."""
    wanted = select(PolicyVersion.id, PolicyVersion.numbers).where(PolicyVersion.id.in_(policy_ids))
    return {found: policy_rules.from_numbers(numbers) for found, numbers in session.execute(wanted)}


def move_party(
    session: Session, mover: Mover, room: Room, policy: Policy, *, now: datetime
) -> Outcome | None:
    """Have a party come to another slot under the rules it booked by; None, or why it stays where it is."""
    unchanged = and_(
        Booking.id == mover.id,
        Booking.revision == mover.revision,
        Booking.status == BookingStatus.CONFIRMED,
        Booking.slot_id == mover.slot_id,
        Booking.admitted == 0,
    )
    values = {
        "slot_id": room.slot_id,
        "visit_on": room.visit_on,
        "starts_at": room.starts_at,
        "ends_at": room.ends_at,
        "cancel_until": policy.cancel_until(room.starts_at),
    }
    places = [
        _places(mover, mover.slot_id, mover.visit_on, -1),
        _places(mover, room.slot_id, room.visit_on, 1),
    ]

    def bring() -> None:
        _change(session, unchanged, values)
        visitors.move_all(session, booking_id=mover.id, visit_on=room.visit_on)
        _settle(session, mover, room, policy, places=places, now=now)

    return _try(session, bring)


def restore_party(
    session: Session, mover: Mover, policy: Policy, *, cancelled_at: datetime, now: datetime
) -> Outcome | None:
    """Give a party whose visit the site cancelled its places back; None, or why it stays cancelled."""
    cancelled = and_(
        Booking.id == mover.id,
        Booking.revision == mover.revision,
        Booking.status == BookingStatus.CANCELLED,
        Booking.cancelled_by == BY_SITE,
    )
    values = {
        "status": BookingStatus.CONFIRMED,
        "cancelled_at": None,
        "cancelled_by": None,
        "cancel_reason": None,
    }
    room = Room(
        slot_id=mover.slot_id,
        visit_on=mover.visit_on,
        starts_at=mover.starts_at,
        ends_at=mover.ends_at,
        seats=0,
    )
    places = [_places(mover, mover.slot_id, mover.visit_on, 1)]

    def bring() -> None:
        _change(session, cancelled, values)
        freed = and_(Visitor.booking_id == mover.id, Visitor.released_at == cancelled_at)
        named = update(Visitor).where(freed).values(active=True, released_at=None)
        session.execute(named.execution_options(**_QUIETLY))
        _settle(session, mover, room, policy, places=places, now=now)

    return _try(session, bring)


def trail_of_move(mover: Mover, room: Room, *, actor: Actor) -> dict[str, Any]:
    """The audit row of a move; the day left is recounted too."""
    return audit.row_of(
        actor=actor,
        action="visits.move_by_site",
        object_type="booking",
        object_id=str(mover.id),
        before={"slot_id": str(mover.slot_id), "visit_on": mover.visit_on.isoformat()},
        after={"slot_id": str(room.slot_id)},
    )


def _try(session: Session, bring: Callable[[], None]) -> Outcome | None:
    try:
        with session.begin_nested():
            bring()
    except _Refused as refused:
        return refused.why
    except IntegrityError as error:
        if refusal(error) is None:
            raise
        return Outcome.OTHER_VISIT
    return None


def _change(session: Session, unchanged: ColumnElement[bool], values: Mapping[str, Any]) -> None:
    raised = {"revision": Booking.revision + 1, "calendar_sequence": Booking.calendar_sequence + 1}
    change = update(Booking).where(unchanged).values({**values, **raised}).returning(Booking.id)
    if session.scalar(change.execution_options(**_QUIETLY)) is None:
        raise _Refused(Outcome.CHANGED)


def _settle(
    session: Session, mover: Mover, room: Room, policy: Policy, *, places: list[Places], now: datetime
) -> None:
    if move_places(session, places) is not None:
        raise _Refused(Outcome.FULL)
    reissue(
        session,
        booking_id=mover.id,
        seats=mover.seats,
        starts_at=room.starts_at,
        ends_at=room.ends_at,
        policy=policy,
        now=now,
    )


def _places(mover: Mover, slot_id: UUID, visit_on: date, sign: int) -> Places:
    return Places(
        site_id=mover.site_id,
        visit_on=visit_on,
        slot_id=slot_id,
        booked=sign * mover.seats,
        children=sign * mover.children,
        wheelchairs=sign * mover.wheelchairs,
        sign_language=sign * mover.sign_language,
    )
