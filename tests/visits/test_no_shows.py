"""What becomes of visits nobody came for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import audit
from miniprogram_api.kernel import events as kernel_events
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.operations.invariants import INVARIANTS
from miniprogram_api.sites.events import ClosureAdded
from miniprogram_api.sites.models import Closure, ClosureKind, Lifecycle, Overlay, Site
from miniprogram_api.sites.service import opening
from miniprogram_api.visits.events import VisitBooked
from miniprogram_api.visits.jobs_gate import mark_no_shows
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    DayCap,
    Slot,
    SlotState,
    Standing,
    Strike,
    Ticket,
    TicketState,
)
from miniprogram_api.visits.rules.slots import WITHDRAWN
from miniprogram_api.visits.service import no_shows
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of
from tests.factories.members import make_member
from tests.factories.sites import make_closure, make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_policy, make_slot
from tests.support.booking import Visitor
from tests.support.clients import BearerClient

# Entry ends half an hour after the start, and an hour of grace follows.
DUE = WEDNESDAY_AT_NINE + timedelta(minutes=90)
SECOND = timedelta(seconds=1)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    clock.set(WEDNESDAY_AT_NINE)
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id)


@pytest.fixture
def manager(app: Flask, site: Site) -> Callable[[], BearerClient]:
    """Signs in when asked: a session does not outlast the hours a visit takes."""
    return lambda: BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


def member_id() -> UUID:
    with atomic() as session:
        return make_member(session).id


def book(slot: Slot, **values: Any) -> Booking:
    """A booking with the audit row and the event of its making."""
    with atomic() as session:
        booking = make_booking(session, session.get_one(Slot, slot.id), **values)
        facts = {"member_id": None, "channel": "app", "seats": booking.seats}
        made = VisitBooked(str(booking.id), site_id=str(slot.site_id), slot_id=str(slot.id), **facts)
        kernel_events.publish(session, made)
        about = {"object_type": "booking", "object_id": str(booking.id)}
        audit.record(session, actor=SYSTEM, action="visits.book", **about)
        return booking


def change(slot: Slot, **values: Any) -> None:
    with atomic() as session:
        for name, value in values.items():
            setattr(session.get_one(Slot, slot.id), name, value)


def status(booking: Booking) -> BookingStatus:
    with reading() as session:
        return session.get_one(Booking, booking.id).status


def strikes() -> list[Strike]:
    with reading() as session:
        return list(session.scalars(select(Strike)))


def events(name: str) -> int:
    with reading() as session:
        return session.scalars(select(func.count()).where(EventRow.name == name)).one()


def violations() -> dict[str, list[str]]:
    with reading() as session:
        found = {rule.code: list(rule.violations(session)) for rule in INVARIANTS}
    return {code: rows for code, rows in found.items() if rows}


def correct(client: BearerClient, booking: Booking, **body: Any) -> Any:
    told = {"outcome": "admitted", "reason": "闸机故障，人工放行"} | body
    return client.post(f"/api/staff/v1/bookings/{booking.id}/no-show-correction", json=told)


# The sweep


def test_a_visit_is_missed_once_entry_and_grace_are_over(slot: Slot, clock: Clock) -> None:
    booking = book(slot, member_id=member_id())
    clock.set(DUE - SECOND)
    mark_no_shows()
    assert status(booking) is BookingStatus.CONFIRMED
    clock.set(DUE)
    mark_no_shows()
    assert status(booking) is BookingStatus.NO_SHOW
    (strike,) = strikes()
    assert (strike.booking_id, strike.half_points) == (booking.id, 2)
    assert strike.counts_until == DUE + timedelta(days=180)


def test_marking_twice_is_marking_once(slot: Slot, clock: Clock) -> None:
    book(slot, member_id=member_id())
    clock.set(DUE)
    for _ in range(2):
        mark_no_shows()
    assert len(strikes()) == 1
    assert events("visits.visit_missed") == 1
    assert events("visits.strike_added") == 1
    with reading() as session:
        trail = session.scalars(select(AuditRow).where(AuditRow.action == "visits.mark_no_show")).all()
        assert len(trail) == 1
    assert violations() == {}


def test_whoever_came_is_no_no_show(app: Flask, site: Site, slot: Slot, clock: Clock) -> None:
    gate = Gate(app, site.id)
    whole, part = book(slot, adults=2), book(slot, adults=3)
    gate.scan(code_of(whole))
    gate.scan(code_of(part), seats=1)
    clock.set(DUE)
    mark_no_shows()
    assert status(whole) is BookingStatus.ADMITTED
    assert status(part) is BookingStatus.PARTLY_ADMITTED
    assert strikes() == []
    (figures,) = gate.occupancy()["slots"]
    assert (figures["no_shows"], figures["missing"]) == (2, 0)
    assert violations() == {}


def test_each_booking_is_judged_by_its_own_policy(site: Site, clock: Clock) -> None:
    with atomic() as session:
        patient = make_policy(session, site.id, entry_after_minutes=None, no_show_grace_minutes=600)
        free = make_policy(session, site.id, no_show_half_points=0)
        slots = [
            make_slot(session, site.id, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hour), policy=policy)
            for hour, policy in enumerate((patient, free))
        ]
    late, unpunished = book(slots[0], member_id=member_id()), book(slots[1], member_id=member_id())
    clock.set(WEDNESDAY_AT_NINE + timedelta(hours=11) - SECOND)
    mark_no_shows()
    assert (status(late), status(unpunished)) == (BookingStatus.CONFIRMED, BookingStatus.NO_SHOW)
    assert strikes() == []
    clock.advance(seconds=1)
    mark_no_shows()
    assert status(late) is BookingStatus.NO_SHOW


def test_callers_have_no_standing(slot: Slot, clock: Clock) -> None:
    booking = book(slot)
    clock.set(DUE)
    mark_no_shows()
    assert status(booking) is BookingStatus.NO_SHOW
    assert strikes() == []


def test_the_third_missed_visit_bars(site: Site, clock: Clock) -> None:
    alice = member_id()
    with atomic() as session:
        starts = [WEDNESDAY_AT_NINE + timedelta(days=day) for day in range(3)]
        slots = [make_slot(session, site.id, starts_at=start) for start in starts]
    for slot in slots:
        book(slot, member_id=alice)
    clock.set(DUE + timedelta(days=2))
    mark_no_shows()
    with reading() as session:
        assert session.get_one(Standing, alice).barred_until == clock.now + timedelta(days=30)


@pytest.mark.parametrize(
    "values",
    [
        {"state": SlotState.CLOSED, "closed_reason": "weather"},
        {"amnesty": True},
    ],
)
def test_a_closed_slot_or_an_amnesty_makes_no_no_show(
    slot: Slot, clock: Clock, values: dict[str, Any]
) -> None:
    booking = book(slot, member_id=member_id())
    change(slot, **values)
    clock.set(DUE)
    mark_no_shows()
    assert status(booking) is BookingStatus.CANCELLED
    assert strikes() == []
    assert events("visits.visit_excused") == 1
    assert violations() == {}


@pytest.mark.parametrize("change_of", [{"overlay": Overlay.SUSPENDED}, {"lifecycle": Lifecycle.WITHDRAWN}])
def test_a_site_that_is_not_open_makes_no_no_show(
    site: Site, slot: Slot, clock: Clock, change_of: dict[str, Any]
) -> None:
    booking = book(slot, member_id=member_id())
    with atomic() as session:
        for name, value in change_of.items():
            setattr(session.get_one(Site, site.id), name, value)
    clock.set(DUE)
    mark_no_shows()
    assert status(booking) is BookingStatus.CANCELLED
    assert strikes() == []


def test_a_slot_taken_off_the_timetable_still_takes_place(slot: Slot, clock: Clock) -> None:
    booking = book(slot, member_id=member_id())
    change(slot, state=SlotState.CLOSED, closed_reason=WITHDRAWN)
    clock.set(DUE)
    mark_no_shows()
    assert status(booking) is BookingStatus.NO_SHOW


def test_the_sweep_goes_on_until_nothing_is_due(
    slot: Slot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(no_shows, "BATCH", 2)
    bookings = [book(slot, member_id=member_id()) for _ in range(5)]
    clock.set(DUE)
    mark_no_shows()
    assert {status(booking) for booking in bookings} == {BookingStatus.NO_SHOW}
    assert len(strikes()) == 5


def test_a_missed_ticket_admits_no_more_even_when_the_clock_goes_back(
    app: Flask, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot)
    clock.set(DUE)
    mark_no_shows()
    clock.set(WEDNESDAY_AT_NINE)
    mark_no_shows()
    assert Gate(app, site.id).scan(code_of(booking))["result"] == "too_late"
    assert status(booking) is BookingStatus.NO_SHOW


# Corrections


@pytest.fixture
def missed(slot: Slot, clock: Clock) -> Booking:
    booking = book(slot, member_id=member_id(), adults=2, children=1)
    clock.set(DUE)
    mark_no_shows()
    return booking


def test_who_came_after_all_is_admitted_and_the_strike_is_gone(
    manager: Callable[[], BearerClient], missed: Booking
) -> None:
    answer = correct(manager(), missed)
    assert answer.status_code == 200
    assert (answer.get_json()["status"], answer.get_json()["admitted"]) == ("admitted", 3)
    (strike,) = strikes()
    assert (strike.waive_reason, strike.waived_at is None) == ("闸机故障，人工放行", False)
    assert events("visits.no_show_corrected") == events("visits.strike_waived") == 1
    with reading() as session:
        trail = session.scalars(select(AuditRow).where(AuditRow.action == "visits.correct_no_show")).one()
        assert trail.reason == "闸机故障，人工放行"
    assert violations() == {}


def test_part_of_a_party_may_have_come(manager: Callable[[], BearerClient], missed: Booking) -> None:
    answer = correct(manager(), missed, seats=2).get_json()
    assert (answer["status"], answer["admitted"]) == ("partly_admitted", 2)
    assert violations() == {}


def test_a_visit_that_could_not_take_place_is_cancelled(
    manager: Callable[[], BearerClient], missed: Booking, slot: Slot
) -> None:
    with atomic() as session:
        session.add(DayCap(site_id=slot.site_id, visit_on=slot.visit_on, capacity=9, booked=3))
    answer = correct(manager(), missed, outcome="cancelled").get_json()
    assert (answer["status"], answer["admitted"]) == ("cancelled", 0)
    with reading() as session:
        assert session.get_one(Slot, slot.id).booked == 0
        assert session.get_one(DayCap, (slot.site_id, slot.visit_on)).booked == 0
        mine = select(Ticket.state).where(Ticket.booking_id == missed.id)
        assert session.scalars(mine).one() is TicketState.REVOKED
    assert violations() == {}


def test_a_correction_ends_the_ban_that_rested_on_it(
    site: Site, manager: Callable[[], BearerClient], clock: Clock
) -> None:
    alice = member_id()
    with atomic() as session:
        starts = [WEDNESDAY_AT_NINE + timedelta(days=day) for day in range(3)]
        slots = [make_slot(session, site.id, starts_at=start) for start in starts]
    bookings = [book(slot, member_id=alice) for slot in slots]
    clock.set(DUE + timedelta(days=2))
    mark_no_shows()
    correct(manager(), bookings[1])
    with reading() as session:
        assert session.get_one(Standing, alice).barred_until is None
    mark_no_shows()
    assert status(bookings[1]) is BookingStatus.ADMITTED


def test_only_a_missed_visit_is_corrected(
    manager: Callable[[], BearerClient], missed: Booking, slot: Slot
) -> None:
    correct(manager(), missed)
    again = correct(manager(), missed)
    assert (again.status_code, again.get_json()["code"]) == (409, "visits.not_a_no_show")
    assert again.get_json()["params"] == {"status": "admitted"}


def test_no_more_came_than_had_booked(manager: Callable[[], BearerClient], missed: Booking) -> None:
    assert correct(manager(), missed, seats=4).get_json()["code"] == "visits.heads_exceed_remaining"


def test_a_day_the_member_booked_again_is_taken(
    site: Site, manager: Callable[[], BearerClient], missed: Booking
) -> None:
    with atomic() as session:
        later = make_slot(session, site.id, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=5))
    book(later, member_id=missed.member_id)
    taken = correct(manager(), missed)
    assert (taken.status_code, taken.get_json()["code"]) == (409, "visits.visit_day_taken")
    assert status(missed) is BookingStatus.NO_SHOW
    assert strikes()[0].waived_at is None


def test_a_booking_of_another_site_is_as_unknown_as_none(app: Flask, missed: Booking, slot: Slot) -> None:
    with atomic() as session:
        other = make_site(session).id
    stranger = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=other))
    foreign = correct(stranger, missed)
    path = f"/api/staff/v1/bookings/{slot.id}/no-show-correction"
    unknown = stranger.post(path, json={"outcome": "admitted", "reason": "x"})
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json()["code"] == unknown.get_json()["code"]


def test_gate_staff_correct_nothing(app: Flask, site: Site, missed: Booking) -> None:
    gate = BearerClient(app, signed_in(Role.GATE, site_id=site.id))
    assert correct(gate, missed).status_code == 403


@pytest.mark.parametrize("body", [{"outcome": "no_show"}, {"reason": ""}, {"seats": 0}])
def test_a_correction_says_what_and_why(
    manager: Callable[[], BearerClient], missed: Booking, body: dict[str, Any]
) -> None:
    assert correct(manager(), missed, **body).status_code == 422


def test_a_closure_that_is_told_of_afterwards_blames_nobody(
    missed: Booking, slot: Slot, clock: Clock
) -> None:
    def waive() -> int:
        with atomic() as session:
            return no_shows.waive_for_closure(
                session, [slot.id], reason="临时停电", now=clock.now, actor=SYSTEM
            )

    assert [waive(), waive()] == [1, 0]
    assert status(missed) is BookingStatus.CANCELLED
    assert strikes()[0].waived_at is not None
    assert violations() == {}


def told_afterwards(site: Site, **values: Any) -> None:
    """A closure of the visit's day becomes known, and what follows from it is done."""
    with atomic() as session:
        closure = make_closure(session, site.id, on=WEDNESDAY_AT_NINE.date(), **values)
        facts = {"kind": closure.kind.value, "first_on": "2026-11-25", "last_on": "2026-11-25"}
        hours = {"from_minute": closure.from_minute, "to_minute": closure.to_minute}
        added = ClosureAdded(site_id=str(site.id), closure_id=str(closure.id), **facts, **hours)
        kernel_events.publish(session, added)
    kernel_events.drain()


def test_a_closure_told_of_afterwards_undoes_what_was_marked_and_what_would_be(
    site: Site, slot: Slot, missed: Booking
) -> None:
    waiting = book(slot, member_id=member_id())
    told_afterwards(site)
    assert status(missed) is BookingStatus.CANCELLED
    assert strikes()[0].waive_reason == "设备检修"
    mark_no_shows()
    assert status(waiting) is BookingStatus.CANCELLED
    assert violations() == {}


def test_amnesty_that_is_granted_later_forgives_what_was_marked_before(
    site: Site, missed: Booking, clock: Clock
) -> None:
    told_afterwards(site, amnesty=False)
    assert status(missed) is BookingStatus.NO_SHOW
    with atomic() as session:
        opening.explain_closure(
            session,
            site=session.get_one(Site, site.id),
            closure=session.scalars(select(Closure)).one(),
            changes={"amnesty": True},
            actor=SYSTEM,
            now=clock.now,
        )
    kernel_events.drain()
    assert status(missed) is BookingStatus.CANCELLED
    assert strikes()[0].waived_at is not None


@pytest.mark.parametrize(("amnesty", "counts"), [(True, 0), (False, 1)])
def test_who_cancelled_late_what_was_closed_afterwards_is_not_blamed(
    app: Flask, site: Site, slot: Slot, clock: Clock, amnesty: bool, counts: int
) -> None:
    clock.set(WEDNESDAY_AT_NINE - timedelta(hours=3))
    alice = Visitor(app)
    assert alice.cancel(alice.booked(slot.id)["id"]).status_code == 200
    assert len(strikes()) == 1
    told_afterwards(site, amnesty=amnesty)
    assert len([strike for strike in strikes() if strike.waived_at is None]) == counts


@pytest.mark.parametrize(
    "values",
    [
        {"amnesty": False},
        {"from_minute": 10 * 60, "to_minute": 12 * 60},
        {"kind": ClosureKind.SPECIAL_OPENING, "from_minute": 8 * 60, "to_minute": 12 * 60},
    ],
)
def test_a_closure_of_other_hours_or_without_amnesty_excuses_nobody(
    site: Site, missed: Booking, values: dict[str, Any]
) -> None:
    told_afterwards(site, **values)
    assert status(missed) is BookingStatus.NO_SHOW
