"""Many gates, one ticket: exactly one admission. Without the guard the same race admits too many."""

import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from miniprogram_api.kernel.db import atomic, db, reading
from miniprogram_api.visits.models import Booking, BookingStatus, Departure, Scan, ScanResult, Slot
from miniprogram_api.visits.queries.gate import Found
from miniprogram_api.visits.service import admission, undoing
from miniprogram_api.visits.service import gate as gate_service
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of
from tests.factories.members import sign_in
from tests.factories.sites import make_site
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient

RACERS = 20
# All racers hold a connection at once while they wait for each other.
pytestmark = pytest.mark.parametrize("settings", [{"database_pool": RACERS}], indirect=True)


@pytest.fixture
def slot(app: Flask, clock: Clock) -> Slot:
    clock.set(WEDNESDAY_AT_NINE)
    with atomic() as session:
        return make_slot(session, make_site(session).id)


@pytest.fixture
def gates(app: Flask, slot: Slot) -> list[Gate]:
    return [Gate(app, slot.site_id, name) for name in ("东门", "西门")]


@pytest.fixture
def level_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every scan between its look at the ticket and its write until all have looked."""
    barrier = threading.Barrier(RACERS)
    look, first = gate_service.look, threading.local()

    def look_together(*args: Any, **kwargs: Any) -> Found | None:
        found = look(*args, **kwargs)
        if not getattr(first, "done", False):
            first.done = True
            barrier.wait(timeout=30)
        return found

    monkeypatch.setattr(gate_service, "look", look_together)


def race(app: Flask, run: Callable[[int], Any], *, racers: int = RACERS) -> list[Any]:
    """Run it in so many threads at once; their answers."""

    def racer(number: int) -> Any:
        with app.app_context():
            return run(number)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(racer, range(racers)))


def book(slot: Slot, adults: int) -> Booking:
    with atomic() as session:
        return make_booking(session, session.get_one(Slot, slot.id), adults=adults)


def admitted(booking: Booking) -> tuple[int, int]:
    """What the booking says, and what its scans add up to."""
    with reading() as session:
        counted = select(func.coalesce(func.sum(Scan.seats), 0)).where(
            Scan.booking_id == booking.id, Scan.result == ScanResult.OK, Scan.annulled_at.is_(None)
        )
        return session.get_one(Booking, booking.id).admitted, session.scalars(counted).one()


@pytest.mark.usefixtures("level_start")
def test_twenty_scans_at_two_gates_admit_a_party_once(app: Flask, gates: list[Gate], slot: Slot) -> None:
    booking = book(slot, adults=5)
    code = code_of(booking)
    answers = race(app, lambda number: gates[number % 2].scan(code))
    assert Counter(answer["result"] for answer in answers) == {"ok": 1, "already_used": RACERS - 1}
    assert all(answer["first_scan"] for answer in answers if answer["result"] == "already_used")
    assert admitted(booking) == (5, 5)
    with reading() as session:
        assert session.scalars(select(func.count()).select_from(Scan)).one() == RACERS


@pytest.mark.usefixtures("level_start")
def test_a_party_that_comes_one_by_one_fills_exactly(app: Flask, gates: list[Gate], slot: Slot) -> None:
    booking = book(slot, adults=12)
    code = code_of(booking)
    answers = race(app, lambda number: gates[number % 2].scan(code, seats=1))
    assert Counter(answer["result"] for answer in answers) == {"ok": 12, "already_used": 8}
    assert admitted(booking) == (12, 12)
    with reading() as session:
        assert session.get_one(Booking, booking.id).status is BookingStatus.ADMITTED


@pytest.mark.usefixtures("level_start")
def test_one_scan_sent_twenty_times_counts_once(app: Flask, gates: list[Gate], slot: Slot) -> None:
    booking = book(slot, adults=5)
    code = code_of(booking)
    answers = race(app, lambda _: gates[0].scan(code, nonce="n1", seats=2))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["result"] == "ok"
    assert admitted(booking) == (2, 2)


def test_the_same_race_admits_too_many_without_the_guard(
    app: Flask, gates: list[Gate], slot: Slot, unguarded: None, level_start: None
) -> None:
    booking = book(slot, adults=5)
    code = code_of(booking)
    answers = race(app, lambda number: gates[number % 2].scan(code))
    assert Counter(answer["result"] for answer in answers)["ok"] > 1
    assert admitted(booking)[1] > 5


@pytest.fixture
def unguarded(app: Flask, monkeypatch: pytest.MonkeyPatch, on_postgres: bool) -> Generator[None]:
    """Neither the condition of the UPDATE nor the CHECK behind it."""
    monkeypatch.setattr(admission, "guards", lambda: ())
    admission.statement_for.cache_clear()
    check = "ck_visits_bookings_admitted"
    if on_postgres:
        _execute(f"ALTER TABLE visits_bookings DROP CONSTRAINT {check}")
        yield
        _execute("TRUNCATE visits_bookings CASCADE")
        _execute(f"ALTER TABLE visits_bookings ADD CONSTRAINT {check} CHECK (admitted BETWEEN 0 AND seats)")
    else:
        event.listen(db.engine, "checkout", _ignore_checks)
        yield
        event.remove(db.engine, "checkout", _ignore_checks)
    admission.statement_for.cache_clear()


def _ignore_checks(connection: Any, *_: object) -> None:
    connection.execute("PRAGMA ignore_check_constraints=ON")


def _execute(statement: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text(statement))


def test_undo_and_scan_at_once_leave_a_ticket_used_at_most_once(
    app: Flask, gates: list[Gate], slot: Slot
) -> None:
    booking = book(slot, adults=3)
    code = code_of(booking)
    scan = gates[0].scan(code)
    start = threading.Barrier(RACERS)

    def run(number: int) -> int:
        start.wait(timeout=30)
        if number % 2:
            return gates[1].send("scans", code=code).status_code
        return gates[0].undo(scan["id"]).status_code

    statuses = race(app, run)
    assert statuses[::2].count(200) == 1
    assert set(statuses[::2]) <= {200, 409}
    said, counted = admitted(booking)
    assert said == counted
    assert said in (0, 3)


def test_of_cancelling_and_scanning_at_once_one_wins(
    app: Flask, gates: list[Gate], slot: Slot, clock: Clock
) -> None:
    clock.advance(minutes=-10)
    with atomic() as session:
        alice = sign_in(session)
        booking = make_booking(session, session.get_one(Slot, slot.id), member_id=alice.member.id)
    member, code = BearerClient(app, alice.access_token), code_of(booking)
    start = threading.Barrier(RACERS)

    def run(number: int) -> str:
        start.wait(timeout=30)
        if number % 2:
            return str(gates[0].scan(code)["result"])
        return str(member.post(f"/api/v1/bookings/{booking.id}/cancel", json={}).status_code)

    ended = Counter(race(app, run))
    assert ended["ok"] + ended["200"] >= 1
    said, counted = admitted(booking)
    with reading() as session:
        cancelled = session.get_one(Booking, booking.id).status is BookingStatus.CANCELLED
    assert (said, counted, ended["ok"]) == ((0, 0, 0) if cancelled else (1, 1, 1))


def test_walk_ins_at_once_fill_a_slot_and_no_more(app: Flask, gates: list[Gate], slot: Slot) -> None:
    start = threading.Barrier(RACERS)

    def run(number: int) -> int:
        start.wait(timeout=30)
        party = {"adults": 1 + number % 3}
        return gates[number % 2].send("walk-ins", slot_id=str(slot.id), party=party).status_code

    assert set(race(app, run)) == {201, 409}
    with reading() as session:
        taken = session.get_one(Slot, slot.id).booked
        seats = session.scalars(select(func.sum(Booking.seats))).one()
    assert taken == seats == 20


def test_people_leaving_by_two_gates_are_never_more_than_were_inside(
    app: Flask, gates: list[Gate], slot: Slot
) -> None:
    gates[0].scan(code_of(book(slot, adults=7)))
    start = threading.Barrier(RACERS)

    def run(number: int) -> int:
        start.wait(timeout=30)
        return gates[number % 2].send("departures", seats=2).status_code

    assert set(race(app, run)) == {201}
    with reading() as session:
        assert session.scalars(select(func.sum(Departure.seats))).one() == 7


@pytest.mark.parametrize("by_undo", [True, False])
def test_undoing_what_an_upload_has_just_displaced_takes_nothing_back(
    app: Flask,
    gates: list[Gate],
    slot: Slot,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    on_postgres: bool,
    by_undo: bool,
) -> None:
    """An earlier scan of another gate is uploaded between the look at a scan and the lock of its booking."""
    if not on_postgres:
        pytest.skip("writers of SQLite come one by one")
    booking, (east, west) = book(slot, adults=2), gates
    clock.advance(minutes=10)
    (first,) = upload(east, code_of(booking), minute=5, seats=2)
    look = undoing._get_scan

    def look_and_be_late(*args: Any) -> Scan:
        scan = look(*args)
        race(app, lambda _: upload(west, code_of(booking), minute=3, seats=1 if by_undo else 2), racers=1)
        return scan

    monkeypatch.setattr(undoing, "_get_scan", look_and_be_late)
    answer = east.undo(first["id"])
    if by_undo:  # one of the two is left to take back
        assert answer.status_code == 200, answer.text
        assert admitted(booking) == (1, 1)
    else:
        assert answer.get_json()["code"] == "visits.scan_not_admitting"
        assert admitted(booking) == (2, 2)


def upload(gate: Gate, code: str, *, minute: int, seats: int) -> list[dict[str, Any]]:
    """Send in a scan that was made without a network."""
    scan = {
        "code": code,
        "nonce": f"n{minute}",
        "seats": seats,
        "scanned_at": f"2026-11-25T09:{minute:02}:00+08:00",
    }
    body = {"site_id": str(gate.site_id), "scans": [scan]}
    answer = gate.post("/api/staff/v1/gate/scans/batch", json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])
