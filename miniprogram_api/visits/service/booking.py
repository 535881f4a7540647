"""Booking a visit: the hot command.

It opens its own transactions, as only this and the gate do: a refusal must cost one read and never open a
write, and what another request changed between read and write is answered by doing both again. An ordinary
booking is one read and, on PostgreSQL, one statement more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading, single_statement
from miniprogram_api.kernel.errors import AppError, NotFound
from miniprogram_api.kernel.idempotency import Attempt, InFlight
from miniprogram_api.visits import personal
from miniprogram_api.visits.errors.bookings import AlreadyBooked, HoldExpired, MemberBusy, SlotFull
from miniprogram_api.visits.queries import bookings as queries
from miniprogram_api.visits.queries.alternatives import list_alternatives
from miniprogram_api.visits.queries.booking_facts import BookingFacts, get_booking_facts
from miniprogram_api.visits.queries.shown import BookingShown
from miniprogram_api.visits.rules.bookings import Visitings, check_booking, check_visitings
from miniprogram_api.visits.service.booking_draft import Draft, Wish
from miniprogram_api.visits.service.booking_guards import Guard
from miniprogram_api.visits.service.booking_sql import BookingWrite, write_booking
from miniprogram_api.visits.service.constraints import DRAWN_AGAIN, told_as_refusals, violated
from miniprogram_api.visits.service.holds import clear_expired

ATTEMPTS = Counter("booking_attempts_total", "Attempts to book, by how they ended", ["result"])
_TRIES = 4
_COUNTED = timedelta(days=366)  # the longest period a policy can count visits over

Show = Callable[[BookingShown], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Booked:
    """The booking that was made, and the answer as it is given and kept."""

    booking: BookingShown
    answer: dict[str, Any]


def book_visit(wish: Wish, *, attempt: Attempt | None, show: Show, now: datetime) -> Booked:
    """Confirm a booking and store the answer that `show` makes of it, in one transaction.

    Raises NotFound for a slot or hold that is not there, whatever `check_booking` raises, ContactRequired,
    VisitorsRequired, HoldExpired, AlreadyBooked, MemberBusy, and InFlight; IntegrityError when the answer
    to this attempt is stored already.
    """
    try:
        booked = _try_to_book(wish, attempt, show, now)
    except AppError as error:
        ATTEMPTS.labels(error.code).inc()
        raise
    ATTEMPTS.labels("booked").inc()
    return booked


def check_visit(wish: Wish, *, now: datetime) -> None:
    """Raise what `book_visit` would, as far as can be told without writing."""
    with reading() as session:
        facts = _check(session, wish, now)
    Draft(wish, facts, now)


def _try_to_book(wish: Wish, attempt: Attempt | None, show: Show, now: datetime) -> Booked:
    failed: Guard | None = None
    for _ in range(_TRIES):
        with reading() as session:
            facts = _check(session, wish, now)
        if facts.needs_clearing(wish.party.seats):
            with atomic() as session:
                clear_expired(session, site_id=facts.site.id, visit_on=facts.visit_on, now=now)
            continue
        draft = Draft(wish, facts, now)
        shown = draft.shown()
        booked = Booked(shown, show(shown))
        failed = _write(draft.work(attempt, booked.answer))
        if failed is None:
            return booked
        if failed is Guard.KEY:
            raise InFlight
    raise MemberBusy if failed is Guard.MEMBER else SlotFull(left=0, alternatives=[])


def _check(session: Session, wish: Wish, now: datetime) -> BookingFacts:
    facts = get_booking_facts(
        session, slot_id=wish.slot_id, member_id=wish.member_id, hold_id=wish.hold_id, now=now
    )
    _check_hold(wish, facts)
    try:
        check_booking(facts.situation, wish.party, now=now, overridden=wish.overridden)
    except SlotFull as full:
        full.params["alternatives"] = list_alternatives(session, facts, wish.party, now=now)
        raise
    _check_phone(session, wish, facts, now)
    return facts


def _check_hold(wish: Wish, facts: BookingFacts) -> None:
    if wish.hold_id is None:
        return
    if facts.hold is None:
        raise NotFound
    if not facts.hold.active:
        raise HoldExpired


def _check_phone(session: Session, wish: Wish, facts: BookingFacts, now: datetime) -> None:
    """Callers have no account: their phone stands for them, under the same rules as a member."""
    if wish.member_id is not None or wish.contact is None or wish.overridden:
        return
    index = personal.phone_index(wish.contact.phone)
    visits = queries.list_phone_visits(session, phone_index=index, since=now - _COUNTED)
    if any((visit.site_id, visit.visit_on) == (facts.site.id, facts.visit_on) for visit in visits):
        raise AlreadyBooked(rule="one_visit_per_phone_and_day", number=None)
    called = [visit for visit in visits if visit.by_caller]
    known = Visitings(
        same_site={visit.visit_on: visit.number for visit in called if visit.site_id == facts.site.id},
        overlapping=next(
            (v.number for v in called if v.starts_at < facts.ends_at and facts.starts_at < v.ends_at), None
        ),
    )
    check_visitings(replace(facts.situation, visitings=known), now=now)


def _write(work: BookingWrite) -> Guard | None:
    try:
        with told_as_refusals(), single_statement() as session:
            failed = write_booking(session, work)
            if failed is not None:
                raise _GuardFailed
            if work.deliveries:
                events.ring_after_commit(session)
    except _GuardFailed:
        return failed
    except IntegrityError as error:
        if violated(error) not in DRAWN_AGAIN:
            raise
        return Guard.SLOT  # nothing is known to be wrong with the slot; it is simply tried again
    return None


class _GuardFailed(Exception):
    """Ends the transaction without a trace."""
