"""Cancelling a visit, wholly or in part, and moving it to another slot.

Of two changes at once exactly one happens: each compares the revision its request saw first, before it
waited for anything, and raises it. Only who has won that returns places, for until then they may be
somewhere else. Locks are taken in one order: the member's standing, the booking, days, slots by id.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.visits.errors.bookings import BookingChanged, BookingNotActive, CancelTooLate
from miniprogram_api.visits.events import VisitCancelled, VisitChanged
from miniprogram_api.visits.models import Booking, BookingStatus, PolicyVersion, StrikeKind
from miniprogram_api.visits.queries.bookings import list_cancellations
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.bookings import instant_text
from miniprogram_api.visits.rules.cancelling import Leaving, cancel_limits, check_cancel_limits, party_left
from miniprogram_api.visits.rules.party import Party, check_party, persons_needed
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.service import visitors
from miniprogram_api.visits.service.seats import Places, move_places
from miniprogram_api.visits.service.standing import add_strike, lock_standings
from miniprogram_api.visits.service.ticketing import reissue, revoke

BY_MEMBER, BY_SITE = "member", "site"


@dataclass(frozen=True, slots=True)
class Found:
    """A booking as it was read, under the policy it was made under."""

    booking: Booking
    policy: Policy

    @property
    def party(self) -> Party:
        booking = self.booking
        return Party(booking.adults, booking.children, booking.wheelchairs, booking.sign_language)


def cancel_own_visit(
    session: Session,
    *,
    booking_id: UUID,
    member_id: UUID,
    seen: int,
    leaving: Leaving | None,
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Cancel a member's booking, or the part of the party that drops out.

    A whole cancellation after the free moment counts against the member by the policy's points. Raises
    NotFound, BookingNotActive, CancelTooLate, CancelLimitReached, Invalid, BookingChanged.
    """
    found = get_for_change(session, and_(Booking.id == booking_id, Booking.member_id == member_id), seen)
    booking, policy = found.booking, found.policy
    if now >= booking.cancel_until:
        raise CancelTooLate(cancel_until=instant_text(booking.cancel_until))
    late = now >= policy.cancel_free_until(booking.starts_at)
    left = party_left(found.party, leaving)
    if left.seats > 0:
        check_party(left, policy)
        _drop_out(session, found, left, leaving, by=BY_MEMBER, actor=actor, now=now)
        return
    _check_cancel_limits(session, found, now)
    points = policy.late_cancel_half_points if late else policy.cancel_half_points
    strike_member(session, found, points, actor=actor, now=now)
    _cancel(session, found, by=BY_MEMBER, late=late, reason=reason, actor=actor, now=now)


def _check_cancel_limits(session: Session, found: Found, now: datetime) -> None:
    limits, booking = cancel_limits(found.policy, now), found.booking
    if limits and booking.member_id is not None:
        # Of two cancellations at once the second must see the first.
        lock_standings(session, [booking.member_id])
        since = min(start for start, _ in limits)
        cancelled_at = list_cancellations(
            session, member_id=booking.member_id, site_id=booking.site_id, by=BY_MEMBER, since=since
        )
        check_cancel_limits(limits, cancelled_at)


def cancel_for_site(
    session: Session,
    *,
    booking_id: UUID,
    seen: int,
    leaving: Leaving | None,
    reason: str,
    by: str = BY_SITE,
    actor: Actor,
    now: datetime,
) -> None:
    """Cancel a booking at any time until the visit is over; it never counts against the member.

    Raises NotFound, BookingNotActive, CancelTooLate, Invalid, BookingChanged.
    """
    found = get_for_change(session, Booking.id == booking_id, seen)
    if now >= found.booking.ends_at:
        raise CancelTooLate(cancel_until=instant_text(found.booking.ends_at))
    left = party_left(found.party, leaving)
    if left.seats > 0:
        _drop_out(session, found, left, leaving, by=by, actor=actor, now=now, reason=reason)
    else:
        _cancel(session, found, by=by, late=False, reason=reason, actor=actor, now=now)


def get_for_change(session: Session, which: ColumnElement[bool], seen: int) -> Found:
    """A booking nobody has been admitted on, as it was seen.

    Raises NotFound, BookingNotActive, BookingChanged.
    """
    statement = select(Booking, PolicyVersion.numbers).join(
        PolicyVersion, PolicyVersion.id == Booking.policy_id
    )
    row: Row[Any] | None = session.execute(
        statement.where(which).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound
    booking: Booking = row.Booking
    if booking.status is not BookingStatus.CONFIRMED:
        raise BookingNotActive(status=booking.status.value)
    if booking.revision != seen:
        raise BookingChanged
    return Found(booking, policy_rules.from_numbers(row.numbers))


def change_booking(session: Session, booking: Booking, **values: Any) -> None:
    """Change a booking that is still as it was read. Raises BookingChanged."""
    unchanged = and_(
        Booking.id == booking.id,
        Booking.revision == booking.revision,
        Booking.status == BookingStatus.CONFIRMED,
    )
    values |= {"revision": booking.revision + 1, "calendar_sequence": booking.calendar_sequence + 1}
    change = update(Booking).where(unchanged).values(values).returning(Booking.id)
    if session.scalar(change.execution_options(synchronize_session=False)) is None:
        raise BookingChanged


def strike_member(session: Session, found: Found, half_points: int, *, actor: Actor, now: datetime) -> None:
    """Hold a late change against the member; callers without an account have no standing."""
    booking = found.booking
    if booking.member_id is None or half_points == 0:
        return
    add_strike(
        session,
        member_id=booking.member_id,
        booking_id=booking.id,
        kind=StrikeKind.LATE_CANCEL,
        half_points=half_points,
        policy=found.policy,
        now=now,
        actor=actor,
    )


def _cancel(
    session: Session, found: Found, *, by: str, late: bool, reason: str | None, actor: Actor, now: datetime
) -> None:
    booking = found.booking
    change_booking(
        session,
        booking,
        status=BookingStatus.CANCELLED,
        cancelled_at=now,
        cancelled_by=by,
        cancel_reason=reason,
    )
    move_places(session, [_returned(booking, found.party)])
    visitors.release_all(session, booking_id=booking.id)
    revoke(session, booking_id=booking.id, now=now)
    _tell_cancelled(session, booking, by=by, late=late, actor=actor)


def _tell_cancelled(session: Session, booking: Booking, *, by: str, late: bool, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.cancel",
        object_type="booking",
        object_id=str(booking.id),
        before={"status": BookingStatus.CONFIRMED.value},
        after={"status": BookingStatus.CANCELLED.value, "by": by, "late": late},
    )
    events.publish(session, VisitCancelled(**_named(booking), seats=booking.seats, by=by, late=late))


def _drop_out(
    session: Session,
    found: Found,
    left: Party,
    leaving: Leaving | None,
    *,
    by: str,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    booking, before = found.booking, found.party
    change_booking(
        session,
        booking,
        adults=left.adults,
        children=left.children,
        seats=left.seats,
        wheelchairs=left.wheelchairs,
        sign_language=left.sign_language,
        # What a site says of it is told to the member, who did not ask for it.
        **({"cancel_reason": reason} if by == BY_SITE else {}),
    )
    gone = Party(
        before.adults - left.adults,
        before.children - left.children,
        before.wheelchairs - left.wheelchairs,
        before.sign_language - left.sign_language,
    )
    move_places(session, [_returned(booking, gone)])
    chosen = leaving.visitor_ids if leaving else ()
    keep = persons_needed(left, found.policy)
    visitors.release_some(session, booking_id=booking.id, chosen=chosen, keep=keep)
    reissue(
        session,
        booking_id=booking.id,
        seats=left.seats,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        policy=found.policy,
        now=now,
    )
    _tell_changed(session, booking, before, left, by=by, actor=actor)


def _tell_changed(
    session: Session,
    booking: Booking,
    before: Party,
    left: Party,
    *,
    by: str,
    actor: Actor,
) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.cancel_part",
        object_type="booking",
        object_id=str(booking.id),
        before={"adults": before.adults, "children": before.children},
        after={"adults": left.adults, "children": left.children, "by": by},
    )
    changed = VisitChanged(**_named(booking), seats=left.seats, seats_before=before.seats, by=by)
    events.publish(session, changed)


def _named(booking: Booking) -> dict[str, Any]:
    """The ids that every fact about a booking carries."""
    return {
        "booking_id": str(booking.id),
        "member_id": str(booking.member_id) if booking.member_id else None,
        "site_id": str(booking.site_id),
        "slot_id": str(booking.slot_id),
    }


def _returned(booking: Booking, party: Party) -> Places:
    return Places(
        site_id=booking.site_id,
        visit_on=booking.visit_on,
        slot_id=booking.slot_id,
        booked=-party.seats,
        children=-party.children,
        wheelchairs=-party.wheelchairs,
        sign_language=-party.sign_language,
    )
