"""People without a booking: let in and counted at once, within what the slot and its day still take."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import Conflict, NotFound
from miniprogram_api.kernel.ids import new_id, short_code
from miniprogram_api.visits.errors.bookings import (
    ChildrenFull,
    DayFull,
    SiteNotBookable,
    SlotClosed,
    SlotFull,
    WheelchairsTaken,
)
from miniprogram_api.visits.errors.gate import WalkInNotNow
from miniprogram_api.visits.events import VisitAdmitted
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    Channel,
    PolicyVersion,
    Scan,
    ScanResult,
    Slot,
    SlotState,
)
from miniprogram_api.visits.queries.access import get_site_access
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.bookings import instant_text
from miniprogram_api.visits.rules.party import Party
from miniprogram_api.visits.service import gate
from miniprogram_api.visits.service.gate import Attempt, ScanAnswer
from miniprogram_api.visits.service.holds import clear_expired
from miniprogram_api.visits.service.seats import Places, Short, move_places


def admit_walk_in(
    principal: Principal, attempt: Attempt, *, slot_id: UUID, party: Party, actor: Actor, now: datetime
) -> ScanAnswer:
    """Book a party that stands at the gate and let it in; the same request again gets the same answer.

    Raises SiteMissing, NotFound, SiteNotBookable, WalkInNotNow, SlotClosed, SlotFull and its kinds, and
    NonceReused.
    """

    def admit(session: Session) -> ScanAnswer:
        gate.check_scope(session, principal, "gate.scan", attempt.site_id)
        if not get_site_access(session, attempt.site_id, now=now).access.bookable:
            raise SiteNotBookable
        return _admit(session, attempt, slot_id=slot_id, party=party, actor=actor, now=now)

    return gate.run_once(admit, lambda session: gate.find_answer(session, attempt))


def _admit(
    session: Session, attempt: Attempt, *, slot_id: UUID, party: Party, actor: Actor, now: datetime
) -> ScanAnswer:
    slot = _get_slot_being_entered(session, attempt.site_id, slot_id, now)
    _claim(session, slot, party, now)
    booking = _booking(slot, party, now)
    session.add(booking)
    session.flush()
    scan = _scan(attempt, booking, now)
    session.add(scan)
    session.flush()
    _tell_admitted(session, scan, booking, actor)
    return gate.answer_of(session, scan)


def _get_slot_being_entered(session: Session, site_id: UUID, slot_id: UUID, now: datetime) -> Slot:
    wanted = select(Slot, PolicyVersion.numbers).join(PolicyVersion, PolicyVersion.id == Slot.policy_id)
    row = session.execute(wanted.where(Slot.id == slot_id, Slot.site_id == site_id)).one_or_none()
    if row is None:
        raise NotFound
    slot: Slot = row.Slot
    if slot.state is SlotState.CLOSED:
        raise SlotClosed(reason=slot.closed_reason, text=slot.closed_text or "")
    opens_at = policy_rules.from_numbers(row.numbers).entry_from(slot.starts_at)
    if not opens_at <= now < slot.ends_at:
        raise WalkInNotNow(opens_at=instant_text(opens_at), until=instant_text(slot.ends_at))
    return slot


def _claim(session: Session, slot: Slot, party: Party, now: datetime) -> None:
    if slot.held:
        # What is kept for somebody who never came back is free.
        clear_expired(session, site_id=slot.site_id, visit_on=slot.visit_on, now=now)
    wanted = Places(
        site_id=slot.site_id,
        visit_on=slot.visit_on,
        slot_id=slot.id,
        booked=party.seats,
        children=party.children,
        wheelchairs=party.wheelchairs,
    )
    short = move_places(session, [wanted])
    if short is None:
        return
    session.refresh(slot)
    raise _shortage(short, slot, party)


def _shortage(short: Short, slot: Slot, party: Party) -> Conflict:
    left = max(slot.capacity - slot.booked - slot.held, 0)
    if short is Short.DAY:
        return DayFull(left=0, alternatives=[])
    if slot.state is SlotState.CLOSED:
        return SlotClosed(reason=slot.closed_reason, text=slot.closed_text or "")
    if party.seats > left:
        return SlotFull(left=left, alternatives=[])
    children_left = _rest(slot.child_capacity, slot.children_booked)
    if children_left is not None and party.children > children_left:
        return ChildrenFull(left=children_left, alternatives=[])
    return WheelchairsTaken(
        left=_rest(slot.wheelchair_capacity, slot.wheelchairs_booked) or 0, alternatives=[]
    )


def _rest(capacity: int | None, taken: int) -> int | None:
    return None if capacity is None else capacity - taken


def _booking(slot: Slot, party: Party, now: datetime) -> Booking:
    return Booking(
        id=new_id(),
        number=f"{slot.visit_on:%y%m%d}-{short_code()}",
        member_id=None,
        site_id=slot.site_id,
        slot_id=slot.id,
        policy_id=slot.policy_id,
        channel=Channel.WALK_IN,
        status=BookingStatus.ADMITTED,
        visit_on=slot.visit_on,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        adults=party.adults,
        children=party.children,
        seats=party.seats,
        wheelchairs=party.wheelchairs,
        sign_language=party.sign_language,
        admitted=party.seats,
        cancel_until=now,
        created_at=now,
        moves=0,
        calendar_sequence=0,
        revision=0,
    )


def _scan(attempt: Attempt, booking: Booking, now: datetime) -> Scan:
    return Scan(
        id=new_id(),
        site_id=booking.site_id,
        scanner=attempt.scanner,
        nonce=attempt.nonce,
        request_digest=attempt.request_digest,
        ticket_id=None,
        booking_id=booking.id,
        result=ScanResult.OK,
        seats=booking.seats,
        admitted=booking.seats,
        remaining=0,
        scanned_at=now,
        received_at=now,
    )


def _tell_admitted(session: Session, scan: Scan, booking: Booking, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.admit_walk_in",
        object_type="booking",
        object_id=str(booking.id),
        after={"slot_id": str(booking.slot_id), "seats": booking.seats, "scan": str(scan.id)},
    )
    events.publish(
        session,
        VisitAdmitted(
            scan_id=str(scan.id),
            booking_id=str(booking.id),
            site_id=str(booking.site_id),
            slot_id=str(booking.slot_id),
            member_id=None,
            seats=scan.seats,
            admitted=booking.admitted,
        ),
    )
