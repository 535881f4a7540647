"""Taking admissions back, walk-ins, departures and who is inside, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import Overlay, Site
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    DayCap,
    Departure,
    Hold,
    HoldState,
    Scan,
    Slot,
    SlotState,
)
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of
from tests.factories.members import make_member
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient

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
def gate(app: Flask, site: Site) -> Gate:
    return Gate(app, site.id)


def book(slot: Slot, **values: Any) -> Booking:
    with atomic() as session:
        return make_booking(session, session.get_one(Slot, slot.id), **values)


def read(booking: Booking) -> Booking:
    with reading() as session:
        return session.get_one(Booking, booking.id)


def change(slot: Slot, **values: Any) -> None:
    with atomic() as session:
        for name, value in values.items():
            setattr(session.get_one(Slot, slot.id), name, value)


def booked(slot: Slot) -> int:
    with reading() as session:
        return session.get_one(Slot, slot.id).booked


def walk_in(gate: Gate, slot: Slot, adults: int = 1, children: int = 0, **body: Any) -> Any:
    party = {"adults": adults, "children": children}
    return gate.send("walk-ins", slot_id=str(slot.id), party=party, **body)


# Undo


def test_an_undone_scan_stays_in_the_history_and_its_ticket_admits_again(
    gate: Gate, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=2)
    first = gate.scan(code_of(booking))
    clock.advance(minutes=15)
    undone = gate.undo(first["id"])
    assert undone.status_code == 200
    assert (undone.get_json()["admitted"], undone.get_json()["remaining"]) == (0, 2)
    assert read(booking).status is BookingStatus.CONFIRMED
    assert gate.occupancy()["inside"] == 0
    assert gate.scan(code_of(booking))["result"] == "ok"
    with reading() as session:
        history = session.scalars(select(Scan).where(Scan.booking_id == booking.id).order_by(Scan.id)).all()
        assert [scan.annulled_at for scan in history] == [clock.now, None]
        assert history[0].annul_reason == "扫错了人"
        trail = session.scalars(select(AuditRow).where(AuditRow.action == "visits.undo_admission")).one()
        assert trail.reason == "扫错了人"
        assert session.scalars(select(EventRow).where(EventRow.name == "visits.scan_undone")).one()


def test_undoing_a_part_leaves_the_rest_inside(gate: Gate, slot: Slot) -> None:
    booking = book(slot, adults=5)
    gate.scan(code_of(booking), seats=3)
    later = gate.scan(code_of(booking), seats=2)
    gate.undo(later["id"])
    assert read(booking).admitted == 3
    assert read(booking).status is BookingStatus.PARTLY_ADMITTED


def test_a_scan_is_undone_once(gate: Gate, slot: Slot) -> None:
    scan = gate.scan(code_of(book(slot)))
    assert gate.undo(scan["id"]).status_code == 200
    again = gate.undo(scan["id"])
    assert (again.status_code, again.get_json()["code"]) == (409, "visits.scan_already_undone")


def test_after_fifteen_minutes_an_admission_stands(gate: Gate, slot: Slot, clock: Clock) -> None:
    scan = gate.scan(code_of(book(slot)))
    clock.advance(minutes=15, seconds=1)
    refused = gate.undo(scan["id"])
    assert (refused.status_code, refused.get_json()["code"]) == (409, "visits.undo_too_late")


def test_a_claimed_time_does_not_lengthen_the_fifteen_minutes(gate: Gate, slot: Slot, clock: Clock) -> None:
    booking = book(slot)
    clock.advance(hours=2)
    scan = gate.scan(code_of(booking), offline=True, scanned_at="2026-11-25T09:00:00+08:00")
    assert gate.undo(scan["id"]).status_code == 200


def test_a_refused_scan_has_nothing_to_undo(gate: Gate) -> None:
    scan = gate.scan("v1.a.b.c")
    refused = gate.undo(scan["id"])
    assert (refused.status_code, refused.get_json()["code"]) == (409, "visits.scan_not_admitting")


def test_an_undo_says_why(gate: Gate, slot: Slot) -> None:
    scan = gate.scan(code_of(book(slot)))
    assert gate.post(f"/api/staff/v1/gate/scans/{scan['id']}/undo", json={}).status_code == 422


def test_another_sites_scan_is_as_unknown_as_none(app: Flask, gate: Gate, slot: Slot) -> None:
    scan = gate.scan(code_of(book(slot)))
    with atomic() as session:
        other = make_site(session).id
    stranger = Gate(app, other)
    foreign, unknown, odd = (stranger.undo(i) for i in (scan["id"], str(slot.id), "nothing"))
    assert foreign.status_code == unknown.status_code == odd.status_code == 404
    assert foreign.get_json()["code"] == unknown.get_json()["code"]


def test_staff_without_the_permission_undo_nothing(app: Flask, gate: Gate, site: Site, slot: Slot) -> None:
    scan = gate.scan(code_of(book(slot)))
    guide = BearerClient(app, signed_in(Role.GUIDE, site_id=site.id))
    answer = guide.post(f"/api/staff/v1/gate/scans/{scan['id']}/undo", json={"reason": "x"})
    assert answer.status_code == 403


# Walk-ins


def test_walk_ins_are_counted_at_once(gate: Gate, slot: Slot) -> None:
    answer = walk_in(gate, slot, adults=2, children=1)
    assert answer.status_code == 201
    told = answer.get_json()
    assert (told["result"], told["admitted"], told["remaining"]) == ("ok", 3, 0)
    assert told["booking"]["channel"] == "walk_in"
    assert told["booking"]["contact"] is None
    figures = gate.occupancy()
    names = ("inside", "booked", "arrived", "walk_ins")
    assert [figures[name] for name in names] == [3, 3, 3, 3]
    assert booked(slot) == 3


def test_walk_ins_get_no_more_than_the_places_left(gate: Gate, slot: Slot) -> None:
    book(slot, adults=18)
    full = walk_in(gate, slot, adults=3)
    assert (full.status_code, full.get_json()["code"]) == (409, "visits.slot_full")
    assert full.get_json()["params"]["left"] == 2
    assert walk_in(gate, slot, adults=2).status_code == 201
    assert booked(slot) == 20


def test_walk_ins_keep_to_the_caps_of_children_wheelchairs_and_the_day(
    gate: Gate, site: Site, slot: Slot
) -> None:
    change(slot, child_capacity=1, wheelchair_capacity=0)
    assert walk_in(gate, slot, 1, 2).get_json()["code"] == "visits.children_full"
    assert walk_in(gate, slot, 1, wheelchairs=1).get_json()["code"] == "visits.wheelchairs_taken"
    with atomic() as session:
        session.add(DayCap(site_id=site.id, visit_on=slot.visit_on, capacity=2, booked=0))
    assert walk_in(gate, slot, 3).get_json()["code"] == "visits.day_full"
    assert walk_in(gate, slot, 2).status_code == 201
    with reading() as session:
        assert session.get_one(DayCap, (site.id, slot.visit_on)).booked == 2


def test_a_hold_that_ran_out_does_not_keep_walk_ins_out(gate: Gate, slot: Slot, clock: Clock) -> None:
    with atomic() as session:
        member = make_member(session)
        kept = {"slot_id": slot.id, "member_id": member.id, "seats": 20, "state": HoldState.ACTIVE}
        times = {"expires_at": clock.now, "created_at": clock.now, "extended": False}
        session.add(Hold(id=slot.id, **kept, **times))
        session.get_one(Slot, slot.id).held = 20
    assert walk_in(gate, slot, 20).status_code == 201


def test_the_same_walk_in_counts_once(gate: Gate, slot: Slot) -> None:
    first = walk_in(gate, slot, 20, nonce="n1")
    again = walk_in(gate, slot, 20, nonce="n1")
    assert first.status_code == again.status_code == 201
    assert first.get_json() == again.get_json()
    other = walk_in(gate, slot, 19, nonce="n1")
    assert (other.status_code, other.get_json()["code"]) == (422, "visits.nonce_reused")
    assert booked(slot) == 20


def test_an_undone_walk_in_gives_its_places_back(gate: Gate, slot: Slot) -> None:
    told = walk_in(gate, slot, 20).get_json()
    assert gate.undo(told["id"]).status_code == 200
    assert booked(slot) == 0
    figures = gate.occupancy()
    assert (figures["inside"], figures["walk_ins"], figures["booked"]) == (0, 0, 0)
    assert walk_in(gate, slot, 20).status_code == 201


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(-16, "visits.walk_in_not_now"), (-15, None), (59, None), (60, "visits.walk_in_not_now")],
)
def test_walk_ins_enter_a_slot_that_is_being_entered(
    gate: Gate, slot: Slot, clock: Clock, minutes: int, code: str | None
) -> None:
    clock.set(WEDNESDAY_AT_NINE + timedelta(minutes=minutes))
    assert walk_in(gate, slot).get_json().get("code") == code


def test_a_closed_slot_takes_no_walk_ins(gate: Gate, slot: Slot) -> None:
    change(slot, state=SlotState.CLOSED, closed_reason="weather", closed_text="大雪")
    assert walk_in(gate, slot).get_json()["code"] == "visits.slot_closed"


def test_a_suspended_site_takes_no_walk_ins(gate: Gate, site: Site, slot: Slot) -> None:
    with atomic() as session:
        session.get_one(Site, site.id).overlay = Overlay.SUSPENDED
    assert walk_in(gate, slot).get_json()["code"] == "visits.site_not_bookable"


def test_a_slot_of_another_site_is_unknown(gate: Gate) -> None:
    with atomic() as session:
        elsewhere = make_slot(session, make_site(session).id)
    assert walk_in(gate, elsewhere).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"party": {"adults": 0}}, "party"),
        ({"party": {"adults": -1}}, "party.adults"),
        ({"party": {"adults": 1}, "wheelchairs": 2}, "wheelchairs"),
    ],
)
def test_a_walk_in_is_somebody(gate: Gate, slot: Slot, body: dict[str, Any], field: str) -> None:
    answer = gate.send("walk-ins", slot_id=str(slot.id), **body)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == field


# Departures and figures


def test_who_leaves_is_inside_no_more(gate: Gate, slot: Slot) -> None:
    gate.scan(code_of(book(slot, adults=5)))
    answer = gate.send("departures", seats=2, nonce="d1")
    assert answer.status_code == 201
    assert (answer.get_json()["seats"], answer.get_json()["inside"]) == (2, 3)
    assert gate.send("departures", seats=2, nonce="d1").get_json() == answer.get_json()
    assert gate.occupancy()["inside"] == 3
    reused = gate.send("departures", seats=1, nonce="d1")
    assert reused.get_json()["code"] == "visits.nonce_reused"


def test_more_people_cannot_leave_than_are_inside(gate: Gate, slot: Slot) -> None:
    gate.scan(code_of(book(slot, adults=2)))
    assert gate.send("departures", seats=5).get_json() | {"id": ""} == {"id": "", "seats": 2, "inside": 0}
    gate.scan(code_of(book(slot, adults=3)))
    assert gate.occupancy()["inside"] == 3


def test_inside_is_never_negative_even_when_an_admission_is_undone(gate: Gate, slot: Slot) -> None:
    scan = gate.scan(code_of(book(slot)))
    gate.send("departures", seats=1)
    gate.undo(scan["id"])
    assert gate.occupancy()["inside"] == 0


def test_nobody_stays_inside_overnight(gate: Gate, slot: Slot, clock: Clock) -> None:
    gate.scan(code_of(book(slot, adults=4)))
    clock.advance(days=1)
    assert gate.occupancy()["inside"] == 0


def test_the_days_figures_are_the_sums_of_its_rows(gate: Gate, site: Site, slot: Slot) -> None:
    with atomic() as session:
        later = make_slot(session, site.id, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=1))
    whole, part = book(slot, adults=3), book(slot, adults=4, children=1)
    book(later, adults=2)
    gone = book(later, adults=5)
    with atomic() as session:
        session.get_one(Booking, gone.id).status = BookingStatus.CANCELLED
    gate.scan(code_of(whole))
    gate.scan(code_of(part), seats=2)
    walk_in(gate, slot, 2)
    gate.send("departures", seats=1)
    figures = gate.occupancy()
    for name in ("booked", "arrived", "walk_ins", "no_shows"):
        assert figures[name] == sum(row[name] for row in figures["slots"])
    with reading() as session:
        rows = [b for b in session.scalars(select(Booking)) if b.status is not BookingStatus.CANCELLED]
        assert figures["booked"] == sum(b.seats for b in rows)
        assert figures["arrived"] == sum(b.admitted for b in rows)
        admitted = sum(scan.seats for scan in session.scalars(select(Scan)))
        left = sum(departure.seats for departure in session.scalars(select(Departure)))
        assert figures["inside"] == admitted - left


def test_the_figures_of_another_site_are_not_shown(gate: Gate) -> None:
    with atomic() as session:
        other = make_site(session).id
    assert gate.get(f"/api/staff/v1/gate/occupancy?site_id={other}").status_code == 404
    assert gate.get("/api/staff/v1/gate/occupancy").status_code == 422
