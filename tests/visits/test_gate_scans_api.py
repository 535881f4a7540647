"""Scanning at the gate over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking, BookingStatus, Scan, ScanResult, Slot, Ticket, TicketState
from miniprogram_api.visits.rules.party import Contact
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of, current_ticket, short_code_of
from tests.factories.members import make_member
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot, make_ticket
from tests.support.clients import BearerClient
from tests.support.statements import statements

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


def scans() -> list[Scan]:
    with reading() as session:
        return list(session.scalars(select(Scan).order_by(Scan.id)))


def test_a_ticket_admits_its_party_once(gate: Gate, slot: Slot) -> None:
    booking = book(slot, adults=2, children=1)
    first = gate.scan(code_of(booking))
    assert (first["result"], first["admitted"], first["remaining"]) == ("ok", 3, 0)
    assert first["booking"]["party"] == {"adults": 2, "children": 1}
    assert first["first_scan"] is None
    again = gate.scan(code_of(booking))
    assert (again["result"], again["admitted"], again["remaining"]) == ("already_used", 3, 0)
    assert read(booking).status is BookingStatus.ADMITTED


def test_another_gate_learns_when_and_where_a_ticket_was_used(
    app: Flask, gate: Gate, slot: Slot, clock: Clock
) -> None:
    booking = book(slot)
    gate.scan(code_of(booking))
    clock.advance(minutes=4)
    told = Gate(app, gate.site_id, "西门").scan(code_of(booking))
    assert told["result"] == "already_used"
    assert told["first_scan"] == {"at": "2026-11-25T09:00:00+08:00", "gate": "东门"}


def test_a_party_may_come_in_parts(gate: Gate, slot: Slot) -> None:
    booking = book(slot, adults=15, children=15 - 10)
    assert gate.scan(code_of(booking), seats=17)["remaining"] == 3
    assert read(booking).status is BookingStatus.PARTLY_ADMITTED
    later = gate.scan(code_of(booking), seats=2)
    assert (later["admitted_now"], later["admitted"], later["remaining"]) == (2, 19, 1)
    figures = gate.occupancy()
    assert (figures["inside"], figures["arrived"], figures["booked"]) == (19, 19, 20)
    assert figures["slots"][0]["missing"] == 1


def test_more_heads_than_a_ticket_has_count_nobody(gate: Gate, slot: Slot) -> None:
    booking = book(slot, adults=2)
    answer = gate.send("scans", code=code_of(booking), seats=3)
    assert answer.status_code == 409
    assert answer.get_json()["code"] == "visits.heads_exceed_remaining"
    assert answer.get_json()["params"] == {"remaining": 2}
    assert read(booking).admitted == 0


@pytest.mark.parametrize("seats", [0, -1, 1.5, "2", True])
def test_a_head_count_is_a_whole_number_of_people(gate: Gate, slot: Slot, seats: Any) -> None:
    assert gate.send("scans", code=code_of(book(slot)), seats=seats).status_code == 422


@pytest.mark.parametrize(
    ("minutes", "result"),
    [(-15.1, "too_early"), (-15, "ok"), (29.9, "ok"), (30, "too_late"), (600, "too_late")],
)
def test_entry_is_from_a_quarter_of_an_hour_before_to_half_an_hour_after_the_start(
    gate: Gate, slot: Slot, clock: Clock, minutes: float, result: str
) -> None:
    code = code_of(book(slot))
    clock.set(WEDNESDAY_AT_NINE + timedelta(minutes=minutes))
    assert gate.scan(code)["result"] == result


def test_a_clock_that_is_set_back_does_not_revive_a_ticket(gate: Gate, slot: Slot, clock: Clock) -> None:
    code = code_of(book(slot))
    clock.advance(minutes=31)
    assert gate.scan(code)["result"] == "too_late"
    clock.set(WEDNESDAY_AT_NINE)
    assert gate.scan(code)["result"] == "too_late"


@pytest.mark.parametrize("change", ["A", "é", "", "." * 3])
def test_a_changed_code_is_invalid(gate: Gate, slot: Slot, change: str) -> None:
    code = code_of(book(slot))
    told = gate.scan(code[:20] + change + code[21:])
    assert told["result"] in ("invalid", "ok" if change == code[20] else "invalid")
    assert gate.scan("https://example.cn/menu")["result"] == "invalid"


def test_an_unknown_ticket_shows_no_booking(gate: Gate) -> None:
    told = gate.scan("v1.k.a.b")
    assert told["booking"] is None
    assert (told["admitted"], told["remaining"]) == (0, 0)


def test_an_old_code_is_revoked_after_reissue_and_the_new_one_admits(
    gate: Gate, slot: Slot, clock: Clock
) -> None:
    booking = book(slot)
    old = code_of(booking)
    with atomic() as session:
        ticket = current_ticket(session, booking.id)
        ticket.state, ticket.revoked_at = TicketState.REVOKED, clock.now
        session.flush()
        make_ticket(session, booking, sequence=2)
    assert gate.scan(old)["result"] == "revoked"
    assert gate.scan(code_of(booking))["result"] == "ok"


def test_a_cancelled_booking_is_revoked(gate: Gate, slot: Slot) -> None:
    booking = book(slot)
    code = code_of(booking)
    with atomic() as session:
        session.get_one(Booking, booking.id).status = BookingStatus.CANCELLED
    assert gate.scan(code)["result"] == "revoked"


def test_the_same_nonce_gets_the_same_answer_and_counts_once(gate: Gate, slot: Slot) -> None:
    booking = book(slot, adults=3)
    first = gate.scan(code_of(booking), nonce="n1", seats=1)
    assert gate.scan(code_of(booking), nonce="n1", seats=1) == first
    assert read(booking).admitted == 1
    gate.scan(code_of(booking), seats=2)
    assert gate.scan(code_of(booking), nonce="n1", seats=1) == first
    assert len(scans()) == 2


def test_a_refusal_is_repeated_too(gate: Gate, slot: Slot) -> None:
    booking = book(slot)
    gate.scan(code_of(booking))
    refused = gate.scan(code_of(booking), nonce="n1")
    assert gate.scan(code_of(booking), nonce="n1") == refused
    assert refused["first_scan"] is not None


def test_a_nonce_of_another_request_is_refused(gate: Gate, slot: Slot) -> None:
    one, other = book(slot), book(slot)
    gate.scan(code_of(one), nonce="n1")
    answer = gate.send("scans", code=code_of(other), nonce="n1")
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "visits.nonce_reused"
    assert read(other).admitted == 0


def test_two_gates_may_choose_the_same_nonce(app: Flask, gate: Gate, slot: Slot) -> None:
    one, other = book(slot), book(slot)
    assert gate.scan(code_of(one), nonce="1")["result"] == "ok"
    assert Gate(app, gate.site_id, "西门").scan(code_of(other), nonce="1")["result"] == "ok"


def test_a_typed_code_admits_however_it_is_written(gate: Gate, slot: Slot) -> None:
    typed = short_code_of(book(slot)).lower()
    assert gate.scan(f" {typed[:4]}-{typed[4:]} ")["result"] == "ok"


def test_an_unknown_typed_code_and_one_of_another_site_are_answered_alike(gate: Gate, app: Flask) -> None:
    with atomic() as session:
        elsewhere = make_booking(session, make_slot(session, make_site(session).id))
    answers = [gate.scan(code) for code in (short_code_of(elsewhere), "ZZZZZZZZ", "1", "不是一个码")]
    assert all({**answer, "id": None} == {**answers[0], "id": None} for answer in answers)
    assert answers[0]["result"] == "invalid"


def test_codes_cannot_be_tried_out(gate: Gate, slot: Slot) -> None:
    for _ in range(10):
        gate.scan("ZZZZZZZZ")
    refused = gate.send("scans", code=short_code_of(book(slot)))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert gate.scan(code_of(book(slot)))["result"] == "ok"


def test_the_gate_of_one_site_does_not_admit_to_another(app: Flask, gate: Gate) -> None:
    with atomic() as session:
        other = make_site(session)
        booking = make_booking(session, make_slot(session, other.id))
    told = gate.scan(code_of(booking))
    assert told["result"] == "wrong_site"
    assert told["booking"] is None
    foreign = gate.send("scans", code=code_of(booking), site_id=str(other.id))
    unknown = gate.send("scans", code=code_of(booking), site_id="00000000-0000-7000-8000-000000000000")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json()["code"] == unknown.get_json()["code"]
    assert read(booking).admitted == 0


def test_staff_scan_at_the_sites_of_their_grants(app: Flask, clock: Clock) -> None:
    clock.set(WEDNESDAY_AT_NINE)
    with atomic() as session:
        organisation = make_organisation(session)
        site = make_site(session, operator_id=organisation.id)
        booking = make_booking(session, make_slot(session, site.id))
        other = make_site(session)
    staff = BearerClient(app, signed_in(Role.GATE, organisation_id=organisation.id))
    body = {"site_id": str(site.id), "code": code_of(booking), "nonce": "1"}
    assert staff.post("/api/staff/v1/gate/scans", json=body).get_json()["result"] == "ok"
    body |= {"site_id": str(other.id), "nonce": "2"}
    assert staff.post("/api/staff/v1/gate/scans", json=body).status_code == 404


@pytest.mark.parametrize("role", [Role.GUIDE, Role.EDITOR])
def test_who_is_not_at_the_gate_scans_nothing(app: Flask, site: Site, role: Role) -> None:
    staff = BearerClient(app, signed_in(role, site_id=site.id))
    body = {"site_id": str(site.id), "code": "v1.a.b.c", "nonce": "1"}
    assert staff.post("/api/staff/v1/gate/scans", json=body).status_code == 403


def test_a_device_without_network_is_believed_for_a_day(gate: Gate, slot: Slot, clock: Clock) -> None:
    booking = book(slot)
    clock.advance(hours=3)
    told = gate.scan(code_of(booking), offline=True, scanned_at="2026-11-25T09:05:00+08:00")
    assert told["result"] == "ok"
    scan = scans()[-1]
    assert scan.scanned_at == datetime(2026, 11, 25, 9, 5, tzinfo=BEIJING)
    assert scan.received_at == clock.now


@pytest.mark.parametrize(
    "claim",
    [
        {"scanned_at": "2026-11-25T09:05:00+08:00"},
        {"scanned_at": "2026-11-25T09:05:00+08:00", "offline": False},
        {"offline": True},
    ],
)
def test_nobody_else_is_believed_about_the_time(
    gate: Gate, slot: Slot, clock: Clock, claim: dict[str, Any]
) -> None:
    booking = book(slot)
    clock.advance(hours=3)
    assert gate.scan(code_of(booking), **claim)["result"] == "too_late"


def test_a_scan_of_the_future_is_judged_by_now(gate: Gate, slot: Slot, clock: Clock) -> None:
    booking = book(slot)
    clock.advance(days=-1)
    told = gate.scan(code_of(booking), offline=True, scanned_at="2026-11-25T09:05:00+08:00")
    assert told["result"] == "too_early"


def test_contacts_are_masked(gate: Gate, slot: Slot) -> None:
    booking = book(slot)
    with atomic() as session:
        sealed = personal.seal_contact(Contact("张三丰", "13800138000"), booking.id, site_id=booking.site_id)
        for name, value in sealed.items():
            setattr(session.get_one(Booking, booking.id), name, value)
    shown = gate.scan(code_of(booking))["booking"]["contact"]
    assert shown == {"name_masked": "张**", "phone_masked": "138****8000"}


def test_every_scan_leaves_a_row_and_an_admission_an_audit_row_and_an_event(gate: Gate, slot: Slot) -> None:
    with atomic() as session:
        member = make_member(session)
        booking = make_booking(session, session.get_one(Slot, slot.id), member_id=member.id)
    code = code_of(booking)
    gate.scan(code)
    gate.scan(code)
    gate.scan("v1.no.ti.cket")
    seen = scans()
    assert [scan.result for scan in seen] == [ScanResult.OK, ScanResult.ALREADY_USED, ScanResult.INVALID]
    assert [scan.seats for scan in seen] == [1, 0, 0]
    assert {scan.scanner for scan in seen} == {f"device:{gate.id}"}
    with reading() as session:
        about = select(func.count()).where(AuditRow.action == "visits.admit")
        assert session.scalars(about).one() == 1
        event = session.scalars(select(EventRow).where(EventRow.name == "visits.visit_admitted")).one()
        assert event.payload["member_id"] == str(member.id)
        assert event.payload["seats"] == 1
        kept = [str(value) for scan in seen for value in vars(scan).values()]
    assert not any(code in value for value in kept)


def test_an_admission_is_one_read_and_one_write(gate: Gate, slot: Slot, on_postgres: bool) -> None:
    codes = [code_of(book(slot)) for _ in range(2)]
    gate.scan(codes[0])
    with statements() as sent:
        gate.scan(codes[1])
    # Who the device is, the ticket, the admission; SQLite writes its rows one by one.
    assert len(sent) == (3 if on_postgres else 6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": ""},
        {"nonce": "x" * 65},
        {"nonce": "a b"},
        {"code": ""},
        {"code": "x" * 401},
        {"scanned_at": "yesterday"},
        {"offline": "yes"},
        {"colour": "green"},
    ],
)
def test_a_scan_of_the_wrong_shape_is_refused(gate: Gate, wrong: dict[str, Any]) -> None:
    answer = gate.send("scans", **({"code": "v1.a.b.c"} | wrong))
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == next(iter(wrong))


def test_tickets_of_the_same_booking_share_its_seats(gate: Gate, slot: Slot) -> None:
    booking = book(slot, adults=2)
    gate.scan(short_code_of(booking), seats=1)
    assert gate.scan(code_of(booking))["admitted_now"] == 1
    with reading() as session:
        assert session.scalars(select(func.count()).select_from(Ticket)).one() == 1
