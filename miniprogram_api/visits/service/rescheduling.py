"""Moving a booking to another slot of its site: new places taken, old ones returned, or nothing happens."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.visits.errors.bookings import (
    ChangeLimitReached,
    ChangeTooLate,
    DayFull,
    OtherSite,
    SameSlot,
    SlotFull,
)
from miniprogram_api.visits.events import VisitRescheduled
from miniprogram_api.visits.models import Booking, Standing
from miniprogram_api.visits.queries.alternatives import list_alternatives
from miniprogram_api.visits.queries.booking_facts import BookingFacts, get_booking_facts
from miniprogram_api.visits.rules.bookings import check_booking, instant_text
from miniprogram_api.visits.service import visitors
from miniprogram_api.visits.service.changes import Found, change_booking, get_for_change, strike_member
from miniprogram_api.visits.service.constraints import told_as_refusals
from miniprogram_api.visits.service.holds import clear_expired
from miniprogram_api.visits.service.inserts import insert_missing
from miniprogram_api.visits.service.seats import Places, Short, move_places
from miniprogram_api.visits.service.ticketing import reissue


def reschedule_visit(
    session: Session,
    *,
    booking_id: UUID,
    member_id: UUID,
    seen: int,
    slot_id: UUID,
    actor: Actor,
    now: datetime,
) -> None:
    """Move a member's booking. After the free moment the move counts like a late cancellation.

    Raises NotFound, BookingNotActive, ChangeTooLate, ChangeLimitReached, SameSlot, OtherSite,
    BookingChanged, and what booking the new slot would raise; the old booking is then untouched.
    """
    # First of all, so that no other booking of the member is made between these checks and their effect.
    _lock_standing(session, member_id)
    found = get_for_change(session, and_(Booking.id == booking_id, Booking.member_id == member_id), seen)
    _check_change(found, slot_id, now)
    facts = get_booking_facts(session, slot_id=slot_id, member_id=member_id, leaving=booking_id, now=now)
    if facts.site.id != found.booking.site_id:
        raise OtherSite
    facts = _without_own_seats(facts, found.booking)
    _check_target(session, facts, found, now)
    late = now >= found.policy.cancel_free_until(found.booking.starts_at)
    if late:
        strike_member(session, found, found.policy.late_cancel_half_points, actor=actor, now=now)
    _move_booking(session, facts, found, now)
    if facts.needs_clearing(found.party.seats):
        clear_expired(session, site_id=facts.site.id, visit_on=facts.visit_on, now=now)
    _move_places(session, facts, found, now)
    _tell(session, facts, found.booking, actor=actor, late=late)


def _lock_standing(session: Session, member_id: UUID) -> None:
    first = {"member_id": member_id, "revision": 0, "barred_until": None}
    insert_missing(session, Standing, [first], unique=("member_id",), returning=Standing.member_id)
    raised = update(Standing).where(Standing.member_id == member_id).values(revision=Standing.revision + 1)
    session.execute(raised.execution_options(synchronize_session=False))


def _check_change(found: Found, slot_id: UUID, now: datetime) -> None:
    booking, policy = found.booking, found.policy
    if now >= booking.cancel_until:
        raise ChangeTooLate(until=instant_text(booking.cancel_until))
    if policy.changes_per_booking is not None and booking.moves >= policy.changes_per_booking:
        raise ChangeLimitReached(most=policy.changes_per_booking)
    if booking.slot_id == slot_id:
        raise SameSlot


def _without_own_seats(facts: BookingFacts, booking: Booking) -> BookingFacts:
    """On the same day the party's own seats leave room for itself."""
    slot = facts.situation.slot
    if slot.day_left is None or facts.day_free is None or facts.visit_on != booking.visit_on:
        return facts
    slot = replace(slot, day_left=slot.day_left + booking.seats)
    return replace(
        facts, situation=replace(facts.situation, slot=slot), day_free=facts.day_free + booking.seats
    )


def _check_target(session: Session, facts: BookingFacts, found: Found, now: datetime) -> None:
    try:
        check_booking(facts.situation, found.party, now=now)
    except SlotFull as full:
        full.params["alternatives"] = list_alternatives(session, facts, found.party, now=now)
        raise


def _move_places(session: Session, facts: BookingFacts, found: Found, now: datetime) -> None:
    booking, party = found.booking, found.party
    old = Places(
        site_id=booking.site_id,
        visit_on=booking.visit_on,
        slot_id=booking.slot_id,
        booked=-party.seats,
        children=-party.children,
        wheelchairs=-party.wheelchairs,
        sign_language=-party.sign_language,
    )
    new = Places(
        site_id=facts.site.id,
        visit_on=facts.visit_on,
        slot_id=facts.slot_id,
        booked=party.seats,
        children=party.children,
        wheelchairs=party.wheelchairs,
        sign_language=party.sign_language,
    )
    short = move_places(session, [old, new])
    if short is not None:
        error = DayFull if short is Short.DAY else SlotFull
        raise error(left=0, alternatives=list_alternatives(session, facts, party, now=now))


def _move_booking(session: Session, facts: BookingFacts, found: Found, now: datetime) -> None:
    booking, policy = found.booking, facts.situation.policy
    with told_as_refusals():
        change_booking(
            session,
            booking,
            slot_id=facts.slot_id,
            policy_id=facts.policy_id,
            visit_on=facts.visit_on,
            starts_at=facts.starts_at,
            ends_at=facts.ends_at,
            cancel_until=policy.cancel_until(facts.starts_at),
            moves=booking.moves + 1,
        )
        visitors.move_all(session, booking_id=booking.id, visit_on=facts.visit_on)
    reissue(
        session,
        booking_id=booking.id,
        seats=booking.seats,
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        policy=policy,
        now=now,
    )


def _tell(session: Session, facts: BookingFacts, booking: Booking, *, actor: Actor, late: bool) -> None:
    before, after = str(booking.slot_id), str(facts.slot_id)
    audit.record(
        session,
        actor=actor,
        action="visits.reschedule",
        object_type="booking",
        object_id=str(booking.id),
        before={"slot_id": before, "visit_on": booking.visit_on.isoformat()},
        after={"slot_id": after, "late": late},
    )
    events.publish(
        session,
        VisitRescheduled(
            booking_id=str(booking.id),
            member_id=str(booking.member_id) if booking.member_id else None,
            site_id=str(booking.site_id),
            slot_id=after,
            slot_id_before=before,
            late=late,
        ),
    )
