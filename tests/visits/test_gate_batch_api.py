"""What gates send in after they had no network: the same outcome in whatever order it comes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import (
    Booking,
    BookingStatus,
    ConflictState,
    GateConflict,
    OfflineScan,
    Scan,
    ScanResult,
    Slot,
)
from miniprogram_api.visits.service import offline as offline_scans
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of, short_code_of
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient
from tests.support.races import at_once
from tests.support.statements import statements

RACERS = 12
by_scan = offline_scans._claim


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
def east(app: Flask, site: Site) -> Gate:
    return Gate(app, site.id, "东门")


@pytest.fixture
def west(app: Flask, site: Site) -> Gate:
    return Gate(app, site.id, "西门")


def book(slot: Slot, **values: Any) -> Booking:
    with atomic() as session:
        return make_booking(session, session.get_one(Slot, slot.id), **values)


def offline(code: str, minute: int, *, nonce: str = "n", **fields: Any) -> dict[str, Any]:
    return {"code": code, "nonce": nonce, "scanned_at": f"2026-11-25T09:{minute:02}:00+08:00"} | fields


def send(gate: BearerClient, site: Site, *scans: dict[str, Any]) -> list[dict[str, Any]]:
    answer = gate.post("/api/staff/v1/gate/scans/batch", json={"site_id": str(site.id), "scans": scans})
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])


def conflicts(gate: BearerClient, site: Site, state: str = "open") -> list[dict[str, Any]]:
    answer = gate.get(f"/api/staff/v1/gate/conflicts?site_id={site.id}&state={state}")
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])


def read(booking: Booking) -> Booking:
    with reading() as session:
        return session.get_one(Booking, booking.id)


def counted(booking: Booking) -> int:
    with reading() as session:
        standing = select(func.coalesce(func.sum(Scan.seats), 0)).where(
            Scan.booking_id == booking.id, Scan.result == ScanResult.OK, Scan.annulled_at.is_(None)
        )
        return session.scalars(standing).one()


@pytest.mark.parametrize("first", ["east", "west"])
def test_of_two_gates_the_earlier_scan_admits_whoever_uploads_first(
    east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock, first: str
) -> None:
    booking = book(slot, adults=2)
    code = code_of(booking)
    clock.advance(minutes=30)
    uploads = {
        "east": lambda: send(east, site, offline(code, 5, seats=2)),
        "west": lambda: send(west, site, offline(code, 3, seats=2)),
    }
    uploads[first]()
    uploads["west" if first == "east" else "east"]()
    (east_now,), (west_now,) = uploads["east"](), uploads["west"]()
    assert (west_now["result"], west_now["admitted_now"], west_now["conflict_id"]) == ("ok", 2, None)
    assert (east_now["result"], east_now["admitted_now"]) == ("already_used", 0)
    assert east_now["first_scan"] == {"at": "2026-11-25T09:03:00+08:00", "gate": "西门"}
    (conflict,) = conflicts(east, site)
    assert conflict["id"] == east_now["conflict_id"]
    assert (conflict["gate"], conflict["first_gate"], conflict["heads"]) == ("东门", "西门", 2)
    assert (read(booking).status, read(booking).admitted, counted(booking)) == (BookingStatus.ADMITTED, 2, 2)


def test_an_upload_again_changes_nothing(east: Gate, site: Site, slot: Slot, clock: Clock) -> None:
    one, other = book(slot), book(slot, adults=3)
    clock.advance(minutes=30)
    scans = [offline(code_of(one), 1, nonce="1"), offline(code_of(other), 2, nonce="2", seats=2)]
    first = send(east, site, *scans)
    assert [item["result"] for item in first] == ["ok", "ok"]
    assert send(east, site, *scans) == first
    assert send(east, site, *reversed(scans)) == first[::-1]
    assert read(other).admitted == 2
    with reading() as session:
        assert session.scalars(select(func.count()).select_from(Scan)).one() == 2


def test_what_was_admitted_online_stands_though_the_other_was_earlier(
    east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=2)
    clock.advance(minutes=10)
    assert west.scan(code_of(booking))["result"] == "ok"
    clock.advance(minutes=10)
    (item,) = send(east, site, offline(code_of(booking), 1))
    assert (item["result"], item["admitted"]) == ("already_used", 2)
    assert [each["heads"] for each in conflicts(east, site)] == [2]


def test_an_online_scan_that_was_sent_again_in_a_batch_is_the_same_scan(
    east: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=2)
    scan = east.scan(code_of(booking), nonce="lost", seats=2)
    (item,) = send(east, site, offline(code_of(booking), 1, nonce="lost", seats=2))
    assert (item["id"], item["result"]) == (scan["id"], "ok")
    assert conflicts(east, site) == []


def test_more_heads_than_are_left_are_admitted_in_part(
    east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=5)
    clock.advance(minutes=30)
    send(east, site, offline(code_of(booking), 1, seats=3))
    (item,) = send(west, site, offline(code_of(booking), 2, seats=4))
    assert (item["result"], item["admitted_now"], item["admitted"]) == ("ok", 2, 5)
    assert [each["heads"] for each in conflicts(west, site)] == [2]


def test_a_ticket_that_was_cancelled_meanwhile_is_a_conflict(
    app: Flask, east: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=2)
    code = code_of(booking)
    manager = manager_of(app, site)
    answer = manager.post(f"/api/staff/v1/bookings/{booking.id}/cancel", json={"reason": "来电取消"})
    assert answer.status_code == 200, answer.text
    clock.advance(minutes=30)
    (item,) = send(east, site, offline(code, 20, seats=2))
    assert (item["result"], item["admitted_now"]) == ("revoked", 0)
    assert [(each["result"], each["heads"]) for each in conflicts(east, site)] == [("revoked", 2)]


def test_a_late_upload_is_judged_by_the_time_of_the_scan(
    app: Flask, east: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    """Whoever stood at the gate is believed, staff too."""
    one, other = book(slot), book(slot)
    clock.advance(hours=5)
    assert send(east, site, offline(code_of(one), 2))[0]["result"] == "ok"
    assert send(manager_of(app, site), site, offline(code_of(other), 2))[0]["result"] == "ok"


def test_each_scan_of_a_batch_is_answered_for_itself(
    east: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot)
    clock.advance(minutes=30)
    items = send(
        east,
        site,
        offline("v1.a.b.c", 1, nonce="1"),
        offline(code_of(booking), 2, nonce="2"),
        offline("v1.x.y.z", 3, nonce="2"),
    )
    assert [item.get("result") for item in items] == ["invalid", "ok", None]
    assert items[2]["error"] == "visits.nonce_reused"
    assert conflicts(east, site) == []


def test_typed_codes_of_a_batch_are_limited_and_go_on_where_they_stopped(
    east: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    short = [short_code_of(book(slot)) for _ in range(11)]
    clock.advance(minutes=30)
    scans = [offline(code, 1, nonce=str(number)) for number, code in enumerate(short)]
    body = {"site_id": str(site.id), "scans": scans}
    assert east.post("/api/staff/v1/gate/scans/batch", json=body).status_code == 429
    assert [item["result"] for item in send(east, site, *scans[:10])] == ["ok"] * 10


def test_undoing_the_winner_makes_the_other_the_first(
    east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=2)
    code = code_of(booking)
    clock.advance(minutes=30)
    (winner,) = send(west, site, offline(code, 3, seats=2))
    send(east, site, offline(code, 5, seats=2))
    assert west.undo(winner["id"]).status_code == 200
    (loser,) = send(east, site, offline(code, 5, seats=2))
    assert (loser["result"], loser["admitted_now"], loser["conflict_id"]) == ("ok", 2, None)
    assert conflicts(east, site) == []
    assert len(conflicts(east, site, "dissolved")) == 1
    assert (read(booking).admitted, counted(booking)) == (2, 2)


def test_a_conflict_closes_with_a_note_once(
    app: Flask, east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=2)
    clock.advance(minutes=30)
    (winner,) = send(west, site, offline(code_of(booking), 3))
    send(east, site, offline(code_of(booking), 5))
    (conflict,) = conflicts(east, site)
    path = f"/api/staff/v1/gate/conflicts/{conflict['id']}/close"
    assert manager_of(app, site).post(path, json={"note": " "}).status_code == 422
    closed = manager_of(app, site).post(path, json={"note": "同一家人，已核对"})
    assert (closed.status_code, closed.get_json()["state"]) == (200, "closed")
    assert closed.get_json()["note"] == "同一家人，已核对"
    again = east.post(path, json={"note": "再来一次"})
    assert again.get_json()["code"] == "visits.conflict_already_closed"
    # What a person has decided stays decided.
    assert west.undo(winner["id"]).status_code == 200
    assert (read(booking).admitted, counted(booking)) == (0, 0)
    assert len(conflicts(east, site, "closed")) == 1
    with reading() as session:
        actions = Counter(session.scalars(select(AuditRow.action)))
        names = Counter(session.scalars(select(EventRow.name)))
    assert actions["visits.find_conflict"] == names["visits.conflict_found"] == 1
    assert actions["visits.close_conflict"] == names["visits.conflict_closed"] == 1


def test_a_displaced_admission_is_told_and_recorded(
    east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=2)
    clock.advance(minutes=30)
    send(east, site, offline(code_of(booking), 5))
    send(west, site, offline(code_of(booking), 3))
    with reading() as session:
        actions = Counter(session.scalars(select(AuditRow.action)))
        names = Counter(session.scalars(select(EventRow.name)))
    assert (actions["visits.admit"], actions["visits.displace_admission"]) == (2, 1)
    assert (names["visits.visit_admitted"], names["visits.scan_undone"]) == (2, 1)


def test_another_site_takes_in_nothing(app: Flask, east: Gate, slot: Slot) -> None:
    with atomic() as session:
        other = make_site(session)
    body = {"site_id": str(other.id), "scans": [offline(code_of(book(slot)), 1)]}
    assert east.post("/api/staff/v1/gate/scans/batch", json=body).status_code == 404


_GATES = ("东门", "西门", "南门")
_situation = st.lists(
    st.tuples(st.sampled_from(range(3)), st.integers(0, 2), st.none() | st.integers(1, 4)),
    min_size=2,
    max_size=5,
)


@pytest.mark.once
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scans=_situation, seats=st.integers(1, 4), online=st.booleans(), data=st.data())
def test_any_order_of_upload_gives_the_same_outcome(
    app: Flask,
    site: Site,
    slot: Slot,
    clock: Clock,
    scans: list[tuple[int, int, int | None]],
    seats: int,
    online: bool,
    data: st.DataObject,
) -> None:
    gates = [Gate(app, site.id, name) for name in _GATES]
    clock.set(WEDNESDAY_AT_NINE)
    with atomic() as session:
        session.get_one(Slot, slot.id).capacity = 10_000

    def outcome(order: list[int]) -> dict[str, Any]:
        clock.set(WEDNESDAY_AT_NINE)
        booking = book(slot, adults=seats)
        code, nonce = code_of(booking), booking.id.hex
        if online:
            gates[0].scan(code, seats=1)
        clock.advance(minutes=30)
        for number in order:
            gate, minute, heads = scans[number]
            send(gates[gate], site, offline(code, minute, nonce=f"{nonce}-{number}", seats=heads))
        return told(booking)

    orders = st.permutations(list(range(len(scans))))
    assert outcome(data.draw(orders)) == outcome(data.draw(orders))


def told(booking: Booking) -> dict[str, Any]:
    """Everything that the scans of a booking came to, without the ids that differ from run to run."""
    with reading() as session:
        found = session.execute(
            select(Scan, OfflineScan, GateConflict)
            .outerjoin(OfflineScan, OfflineScan.scan_id == Scan.id)
            .outerjoin(GateConflict, GateConflict.scan_id == Scan.id)
            .where(Scan.booking_id == booking.id)
        ).all()
        stands = session.get_one(Booking, booking.id)
        assert stands.admitted == counted_of(found) <= stands.seats
        return {
            "booking": (stands.status, stands.admitted),
            "scans": {
                (row.Scan.scanner, row.Scan.scanned_at, row.Scan.nonce.partition("-")[2]): (
                    row.Scan.result,
                    row.Scan.seats,
                    row.Scan.admitted if row.OfflineScan else None,
                    row.Scan.remaining if row.OfflineScan else None,
                    (row.GateConflict.state, row.GateConflict.heads) if row.GateConflict else None,
                )
                for row in found
            },
        }


def counted_of(found: Any) -> int:
    return sum(row.Scan.seats for row in found if row.Scan.result is ScanResult.OK)


@pytest.mark.parametrize("settings", [{"database_pool": RACERS}], indirect=True)
def test_uploads_at_once_admit_a_party_once_and_the_earliest_wins(
    app: Flask, east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=3)
    code = code_of(booking)
    clock.advance(minutes=30)

    def upload(number: int) -> Callable[[], None]:
        scan = offline(code, 20 - number, nonce=str(number), seats=3)
        return lambda: send((east, west)[number % 2], site, scan) and None

    at_once(app, [upload(number) for number in range(RACERS)])
    assert (read(booking).admitted, counted(booking)) == (3, 3)
    with reading() as session:
        winner = session.scalars(select(Scan).where(Scan.result == ScanResult.OK)).one()
        assert winner.nonce == str(RACERS - 1)
        waiting = select(func.count()).where(GateConflict.state == ConflictState.OPEN)
        assert session.scalars(waiting).one() == RACERS - 1


@pytest.mark.parametrize("settings", [{"database_pool": RACERS}], indirect=True)
def test_uploads_and_scans_at_once_admit_a_party_once(
    app: Flask, east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
) -> None:
    booking = book(slot, adults=3)
    code = code_of(booking)
    clock.advance(minutes=20)

    def run(number: int) -> Callable[[], None]:
        if number % 2:
            return lambda: east.scan(code) and None
        return lambda: send(west, site, offline(code, number, nonce=str(number), seats=3)) and None

    at_once(app, [run(number) for number in range(RACERS)])
    assert (read(booking).admitted, counted(booking)) == (3, 3)


def test_settled_by_the_time_of_upload_the_other_gate_would_win(
    east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with another clock the same uploads come out by their order."""
    monkeypatch.setattr(offline_scans, "_claim", lambda row: replace(by_scan(row), at=row.Scan.received_at))
    booking = book(slot, adults=3)
    code = code_of(booking)
    clock.advance(minutes=30)
    send(east, site, offline(code, 5, nonce="1", seats=3))
    clock.advance(minutes=1)
    send(west, site, offline(code, 3, nonce="2", seats=3))
    with reading() as session:
        winners = session.scalars(select(Scan.nonce).where(Scan.result == ScanResult.OK)).all()
    assert winners == ["1"]


def manager_of(app: Flask, site: Site) -> BearerClient:
    return BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


class TestTheInbox:
    def test_another_sites_conflict_is_not_there(
        self, app: Flask, east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
    ) -> None:
        clash(east, west, site, slot, clock)
        (conflict,) = conflicts(east, site)
        with atomic() as session:
            elsewhere = make_site(session)
        stranger = manager_of(app, elsewhere)
        path = f"/api/staff/v1/gate/conflicts/{conflict['id']}/close"
        assert stranger.post(path, json={"note": "不是我的"}).status_code == 404
        assert len(conflicts(east, site)) == 1

    def test_the_list_is_paged_and_shows_nobodys_name(
        self, app: Flask, east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
    ) -> None:
        for _ in range(3):
            clash(east, west, site, slot, clock)
        path = f"/api/staff/v1/gate/conflicts?site_id={site.id}&state=open&limit=2"
        first = east.get(path).get_json()
        rest = east.get(f"{path}&cursor={first['next_cursor']}").get_json()
        assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)

    def test_the_list_takes_as_many_statements_however_long_it_is(
        self, app: Flask, east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock
    ) -> None:
        clash(east, west, site, slot, clock)
        with statements() as few:
            conflicts(east, site)
        for _ in range(4):
            clash(east, west, site, slot, clock)
        with statements() as many:
            conflicts(east, site)
        assert len(many) == len(few) <= 12


def clash(east: Gate, west: Gate, site: Site, slot: Slot, clock: Clock) -> None:
    booking = book(slot)
    clock.advance(minutes=1)
    nonce = booking.id.hex
    send(west, site, offline(code_of(booking), 0, nonce=nonce))
    send(east, site, offline(code_of(booking), 1, nonce=nonce))
