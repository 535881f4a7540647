"""Rows of visits for tests: policies, slots, bookings and their tickets."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.clock import beijing_date, beijing_time
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    Channel,
    DayCap,
    PolicyVersion,
    Slot,
    SlotState,
    Ticket,
    TicketState,
)
from miniprogram_api.visits.rules import policy as policy_rules
from miniprogram_api.visits.rules.policy import Policy

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
# The tests' clock stands at Monday 23 November 2026, 10:00 in Beijing: this is two days ahead and released.
WEDNESDAY_AT_NINE = beijing_time(date(2026, 11, 25), 9 * 60)


def make_policy(
    session: Session, site_id: UUID, *, effective_on: date = date(2026, 1, 1), **numbers: Any
) -> PolicyVersion:
    """A further policy version of a site: the default with some numbers replaced."""
    latest = session.scalar(select(func.max(PolicyVersion.version)).where(PolicyVersion.site_id == site_id))
    version = PolicyVersion(
        id=new_id(),
        site_id=site_id,
        version=(latest or 0) + 1,
        effective_on=effective_on,
        numbers=policy_rules.to_numbers(policy_rules.from_numbers(numbers)),
        created_at=LONG_AGO,
        created_by=None,
        # As the city's built-in rules, unless it has numbers of its own.
        default_version=0 if latest is None and not numbers else None,
    )
    session.add(version)
    session.flush()
    return version


def make_slot(
    session: Session,
    site_id: UUID,
    *,
    starts_at: datetime = WEDNESDAY_AT_NINE,
    minutes: int = 60,
    policy: PolicyVersion | None = None,
    **values: Any,
) -> Slot:
    """An open slot with 20 seats under the site's policy, which is made when there is none."""
    policy = policy or _policy_of(session, site_id) or make_policy(session, site_id)
    rules = policy_rules.from_numbers(policy.numbers)
    visit_on = beijing_date(starts_at)
    defaults: dict[str, Any] = {
        "rule_id": None,
        "policy_id": policy.id,
        "visit_on": visit_on,
        "ends_at": starts_at + timedelta(minutes=minutes),
        "releases_at": rules.releases_at(visit_on),
        "books_until": rules.books_until(starts_at),
        "capacity": 20,
        "booked": 0,
        "held": 0,
        "child_capacity": None,
        "children_booked": 0,
        "wheelchair_capacity": None,
        "wheelchairs_booked": 0,
        "sign_language_capacity": None,
        "sign_language_booked": 0,
        "state": SlotState.OPEN,
        "closed_reason": None,
        "closed_text": None,
        "closure_id": None,
        "amnesty": False,
        "edited": False,
        "provisional": False,
        "created_at": LONG_AGO,
    }
    slot = Slot(id=new_id(), site_id=site_id, starts_at=starts_at, **defaults | values)
    session.add(slot)
    session.flush()
    return slot


def make_booking(
    session: Session,
    slot: Slot,
    *,
    member_id: UUID | None = None,
    adults: int = 1,
    children: int = 0,
    **values: Any,
) -> Booking:
    """A confirmed booking with its ticket, its seats counted in the slot and in its day's cap."""
    booking_id = new_id()
    seats = adults + children
    policy = rules_of(session, slot)
    defaults: dict[str, Any] = {
        "number": booking_id.hex[-16:].upper(),
        "site_id": slot.site_id,
        "policy_id": slot.policy_id,
        "channel": Channel.APP if member_id else Channel.PHONE,
        "status": BookingStatus.CONFIRMED,
        "visit_on": slot.visit_on,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "wheelchairs": 0,
        "sign_language": 0,
        "admitted": 0,
        "contact_name_cipher": None,
        "contact_phone_cipher": None,
        "contact_phone_index": None,
        "cancel_until": policy.cancel_until(slot.starts_at),
        "created_at": LONG_AGO,
        "cancelled_at": None,
        "cancelled_by": None,
        "cancel_reason": None,
        "calendar_sequence": 0,
        "revision": 0,
    }
    values = defaults | values
    booking = Booking(
        id=booking_id,
        slot_id=slot.id,
        member_id=member_id,
        adults=adults,
        children=children,
        seats=seats,
        **values,
    )
    slot.booked += seats
    slot.children_booked += children
    slot.wheelchairs_booked += booking.wheelchairs
    slot.sign_language_booked += booking.sign_language
    cap = session.get(DayCap, (slot.site_id, slot.visit_on))
    if cap is not None:
        cap.booked += seats
    session.add(booking)
    session.flush()
    make_ticket(session, booking, policy=policy)
    return booking


def make_ticket(
    session: Session, booking: Booking, *, policy: Policy = policy_rules.DEFAULT, **values: Any
) -> Ticket:
    """The current ticket of a booking."""
    ticket_id = new_id()
    defaults: dict[str, Any] = {
        "sequence": 1,
        "short_code": ticket_id.hex[-12:].upper(),
        "key_id": "k1",
        "seats": booking.seats,
        "valid_from": policy.entry_from(booking.starts_at),
        "valid_until": policy.entry_until(booking.starts_at, booking.ends_at),
        "state": TicketState.CURRENT,
        "issued_at": LONG_AGO,
        "revoked_at": None,
    }
    ticket = Ticket(id=ticket_id, booking_id=booking.id, **defaults | values)
    session.add(ticket)
    session.flush()
    return ticket


def rules_of(session: Session, slot: Slot) -> Policy:
    """The policy a slot is booked under."""
    return policy_rules.from_numbers(session.get_one(PolicyVersion, slot.policy_id).numbers)


def _policy_of(session: Session, site_id: UUID) -> PolicyVersion | None:
    latest = (
        select(PolicyVersion).where(PolicyVersion.site_id == site_id).order_by(PolicyVersion.version.desc())
    )
    return session.scalars(latest.limit(1)).first()
